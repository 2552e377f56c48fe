"""A person at the page works with a real bridge."""

from __future__ import annotations

from playwright.sync_api import expect


def test_asha_presses_claim_and_the_card_says_so(shop, page, window):
    handoff = shop.hand_over()
    shop.card(handoff)
    card = page.locator(".post").first
    page.get_by_label("Act as").select_option(label="Asha Rao")

    card.get_by_role("button", name="Claim").click()

    expect(card).to_contain_text("Claimed by Asha Rao")
    assert shop.handoff(handoff).claimed_by == "asha"
    window.picture("claimed")


def test_an_example_handed_over_at_the_page_becomes_a_card_and_a_ticket(shop, page, window):
    page.get_by_role("button", name="Hand over an example").click()

    expect(page.locator(".post").first).to_contain_text("Waiting")
    expect(page.locator(".ticket").first).to_contain_text("refunded")
    window.picture("example")


def test_the_page_is_worked_by_keyboard_alone(shop, page):
    handoff = shop.hand_over()
    shop.card(handoff)
    claim = page.locator(".post").first.get_by_role("button", name="Claim")
    expect(claim).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if claim.evaluate("node => node === document.activeElement"):
            break

    page.keyboard.press("Enter")

    shop.until("the claim", lambda: shop.handoff(handoff).claimed_by == "asha")


def test_a_person_claims_replies_and_sees_the_customers_chat(shop, page, window):
    handoff = shop.hand_over()
    shop.card(handoff)
    card = page.locator(".post").first
    page.get_by_label("Act as").select_option(label="Asha Rao")
    card.get_by_role("button", name="Claim").click()
    expect(card).to_contain_text("Claimed by Asha Rao")

    card.get_by_role("button", name="Reply to customer").click()
    modal = page.get_by_role("dialog")
    modal.get_by_label("Your answer").fill("It is at no. 7, with *Mrs Rao*.")
    window.picture("writing")
    modal.get_by_role("button", name="Preview").click()
    expect(modal).to_contain_text("The customer will read exactly this")
    expect(modal).to_contain_text("It is at no. 7, with *Mrs Rao*.")
    window.picture("last look")
    modal.get_by_role("button", name="Send").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".line.person")).to_contain_text("It is at no. 7, with *Mrs Rao*.")
    expect(card).to_contain_text("Answered by Asha Rao")
    window.picture("answered")
