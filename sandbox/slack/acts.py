"""What a person at Slack can do. Every act goes out through the outbox, and never while the lock is held."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.outbox import Answer
from sandbox.slack import answering, events, inputs, submitting
from sandbox.slack import interactions as told_as
from sandbox.slack.app import Access
from sandbox.slack.content import elements
from sandbox.slack.installed import Installed
from sandbox.slack.outgoing import Outgoing
from sandbox.slack.submitting import Shown
from sandbox.slack.triggers import new_response_url, new_trigger
from sandbox.slack.views import shown_view
from sandbox.slack.workspace import Channel, Message, OpenView, User, Workspace


class Acts:
    """One workspace and the people in it. Safe for threads; unknown users, channels, elements: LookupError."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        lock: threading.RLock,
        access: Access,
        outgoing: Outgoing,
        installed: Installed,
        hooks_url: str,
    ) -> None:
        self.workspace = workspace
        self.installed = installed
        self._lock = lock
        self._access = access
        self._outgoing = outgoing
        self._hooks_url = hooks_url

    def press(self, channel: str, ts: str, action_id: str, user_id: str, value: str | None = None) -> None:
        """Press a button under a message, or under one that only this user sees."""
        with self._lock:
            message = self._found(channel, ts, user_id)
            found = told_as.element_of(_blocks(message), action_id, value, button=True)
            payload = self._message_action(self._channel(channel), message, found, None, self._user(user_id))
        self._outgoing.interaction(payload, self._unless_acknowledged(user_id, found[1]))

    def choose(self, channel: str, ts: str, action_id: str, user_id: str, value: inputs.Value) -> None:
        """Choose in a menu under a message: an overflow, a select, a date, a time, radio buttons, checkboxes."""
        with self._lock:
            message = self._found(channel, ts, user_id)
            found = told_as.element_of(_blocks(message), action_id, button=False)
            payload = self._message_action(self._channel(channel), message, found, value, self._user(user_id))
        self._outgoing.interaction(payload, self._unless_acknowledged(user_id, found[1]))

    def press_in_view(
        self, user_id: str, action_id: str, value: str | None = None, *, home: bool = False
    ) -> None:
        """Press a button in the open modal, or in the home tab."""
        with self._lock:
            view = self._view(user_id, home=home)
            found = told_as.element_of(view.given["blocks"], action_id, value, button=True)
            payload = self._view_action(view, found, None)
        self._outgoing.interaction(payload, self._unless_acknowledged(user_id, found[1]))

    def choose_in_view(
        self, user_id: str, action_id: str, value: inputs.Value, *, home: bool = False
    ) -> None:
        """Choose in a menu of the open modal, or of the home tab.

        The app hears of an input block's only where that block says `dispatch_action`.
        """
        with self._lock:
            view = self._view(user_id, home=home)
            block, element = found = told_as.element_of(view.given["blocks"], action_id, button=False)
            payload = self._view_action(view, found, value)
        if block["type"] != "input" or block.get("dispatch_action"):
            self._outgoing.interaction(payload, self._unless_acknowledged(user_id, element))

    def view_of(self, user_id: str) -> dict[str, Any] | None:
        """Return the modal a user has on top as Slack tells it, with `state.values`; None where none is open."""
        with self._lock:
            stack = self.workspace.modals.get(user_id)
            return shown_view(stack[-1]) if stack else None

    def home_of(self, user_id: str) -> dict[str, Any] | None:
        """Return the home tab that was published for a user, or None."""
        with self._lock:
            home = self.workspace.homes.get(user_id)
            return None if home is None else shown_view(home)

    def fill(self, user_id: str, values: Mapping[str, inputs.Value]) -> None:
        """Put values into the modal's inputs, by block id, and tell the app nothing yet."""
        with self._lock:
            submitting.fill(self._view(user_id, home=False), values)

    def submit(
        self, user_id: str, values: Mapping[str, inputs.Value] | None = None, *, wait: bool = True
    ) -> Shown:
        """Fill in inputs by block id, press the modal's submit, and return what the user sees.

        What Slack's own client refuses, such as a required input left empty, is not sent. Without `wait`
        the return tells what stands there before the app has answered.
        """
        with self._lock:
            view = self._view(user_id, home=False)
            submitting.fill(view, values or {})
            view.errors, view.trouble = submitting.complaints(view), None
            if view.errors:
                return submitting.shown(self.workspace, user_id)
            trigger = new_trigger(self.workspace, user_id, view)
            payload = told_as.submission_payload(view, self._user(user_id), trigger)
        self._outgoing.interaction(payload, lambda answer: self._submitted(view.id, answer), wait=wait)
        with self._lock:
            return submitting.shown(self.workspace, user_id)

    def close_view(self, user_id: str) -> None:
        """Leave the modal on top, and those under it where it says `clear_on_close`."""
        with self._lock:
            top = self._view(user_id, home=False)
            clears = bool(top.given.get("clear_on_close"))
            stack = self.workspace.modals[user_id]
            gone = [stack.pop() for _ in range(len(stack) if clears else 1)]
            user = self._user(user_id)
            payloads = [
                told_as.closed_payload(view, user, is_cleared=clears)
                for view in gone
                if view.given.get("notify_on_close")
            ]
        for payload in payloads:
            self._outgoing.interaction(payload, lambda _answer: None)

    def open_home(self, user_id: str, tab: str = "home") -> None:
        """Go to the app's "home" tab, or to its "messages"."""
        with self._lock:
            user = self._user(user_id)
            channel, _ = self.workspace.conversation_with(user_id)
            (self.workspace.at_home.add if tab == "home" else self.workspace.at_home.discard)(user_id)
            event = events.home_opened(self.workspace, channel, user, tab)
        self._tell("app_home_opened", event)

    def slash(
        self, user_id: str, channel: str, command: str, text: str = "", *, wait: bool = True
    ) -> list[dict[str, Any]]:
        """Type a command, and return what it made the user see there: each with `ts`, `text`, `blocks`.

        A modal it opened is `view_of(user_id)`.
        """
        with self._lock:
            place, user, before = self._channel(channel), self._user(user_id), self.workspace.next_ts()
            offered = self._offer("commands", user, place)
            fields = told_as.command_fields(place, user, command, text, offered)
        self._outgoing.command(
            fields, lambda answer: self._commanded(channel, user_id, command, answer), wait=wait
        )
        with self._lock:
            return [post for post in self._visible(place, user_id) if post["ts"] > before]

    def message_shortcut(self, user_id: str, channel: str, ts: str, callback_id: str) -> None:
        """Use a shortcut from a message's menu."""
        with self._lock:
            place, user = self._channel(channel), self._user(user_id)
            message = _posted(place, ts)
            payload = told_as.message_shortcut_payload(
                self.workspace, place, message, user, callback_id, self._offer("app", user, place)
            )
        self._outgoing.interaction(payload, self._unless_taken(user_id, callback_id))

    def shortcut(self, user_id: str, callback_id: str) -> None:
        """Use a global shortcut."""
        with self._lock:
            trigger = new_trigger(self.workspace, user_id)
            payload = told_as.shortcut_payload(self.workspace, self._user(user_id), callback_id, trigger)
        self._outgoing.interaction(payload, self._unless_taken(user_id, callback_id))

    def say(self, channel: str, user_id: str, text: str, thread_ts: str | None = None) -> str:
        """Put a message there as this user, without any event, and return its ts."""
        with self._lock:
            return self._written(channel, user_id, text, thread_ts).ts

    def write(self, user_id: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Write a message as this user and return its ts; the app hears of it as far as it asked to.

        `text` is mrkdwn as Slack keeps it, so `<@U0BRIDGE>` is a mention; bare addresses become links. A user's
        id as `channel` means the bot's direct conversation with that user.
        """
        with self._lock:
            message = self._written(channel, user_id, events.with_links(text), thread_ts)
            place = self._channel(channel)
            happened = events.message_events(place, message, self.installed.domains)
        for name, event in happened:
            self._tell(name, event)
        return message.ts

    def type_in(self, user_id: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Write as `write` does, taking the text as a person types it: @Asha Rao is a mention, < is a sign."""
        with self._lock:
            kept = events.as_typed(text, self.workspace)
        return self.write(user_id, channel, kept, thread_ts)

    def share_link(self, user_id: str, channel: str, url: str, thread_ts: str | None = None) -> str:
        """Write a message that is only a link, and return its ts."""
        return self.write(user_id, channel, url.replace("&", "&amp;"), thread_ts)

    def unfurls(self, channel: str, ts: str) -> dict[str, dict[str, Any]]:
        """Return what the app shows below a message's links, by address."""
        with self._lock:
            return dict(_posted(self._channel(channel), ts).unfurls)

    def whispers_to(self, user_id: str, channel: str) -> list[dict[str, Any]]:
        """Return the posts there that only this user sees, oldest first."""
        with self._lock:
            return [dict(one) for one in self._channel(channel).whispers if one["user"] == user_id]

    def troubles_of(self, user_id: str) -> list[str]:
        """Return what Slack said to a user because the app did not do its part, oldest first."""
        with self._lock:
            return [one.text for one in self.workspace.troubles if one.user_id == user_id]

    def send_event(self, event: Mapping[str, Any]) -> None:
        """Send an event, such as {"type": "app_uninstalled"}, asked for or not, with Slack's redeliveries."""
        with self._lock:
            number = self.workspace.next_number()
        self._outgoing.event(event, number)

    def _tell(self, name: str, event: Mapping[str, Any]) -> None:
        """Send an event if the app asked for it and may hear it."""
        if events.is_told(name, self.installed.events, self._access.scopes):
            self.send_event(event)

    def _message_action(
        self,
        place: Channel,
        message: Message | dict[str, Any],
        found: told_as.Found,
        value: inputs.Value,
        user: User,
    ) -> dict[str, Any]:
        block, element = found
        ts = message.ts if isinstance(message, Message) else message["ts"]
        offered = self._offer("actions", user, place, ts)
        action = told_as.action_of(self.workspace, block, element, value)
        acted = told_as.Acted(
            trigger_id=offered.trigger_id,
            response_url=offered.response_url,
            action=action,
            values=_values(_blocks(message), element, value),
        )
        return told_as.message_action_payload(place, message, user, acted)

    def _view_action(self, view: OpenView, found: told_as.Found, value: inputs.Value) -> dict[str, Any]:
        block, element = found
        action = told_as.action_of(self.workspace, block, element, value)
        if element["type"] not in inputs.STATELESS:
            view.values[block["block_id"]][element["action_id"]] = inputs.state_of(element, value)
        modal = view if view.given["type"] == "modal" else None
        trigger = new_trigger(self.workspace, view.user_id, modal)
        acted = told_as.Acted(trigger_id=trigger, action=action)
        return told_as.view_action_payload(view, self._user(view.user_id), acted)

    def _offer(self, kind: str, user: User, place: Channel, ts: str | None = None) -> told_as.Offered:
        return told_as.Offered(
            trigger_id=new_trigger(self.workspace, user.id),
            response_url=new_response_url(self.workspace, self._hooks_url, kind, user.id, place.id, ts),
        )

    def _unless_acknowledged(self, user_id: str, element: Mapping[str, Any]) -> Callable[[Answer], None]:
        label = element.get("text", {}).get("text") if element["type"] == "button" else None
        return self._unless_taken(user_id, label or str(element.get("action_id")))

    def _unless_taken(self, user_id: str, name: str) -> Callable[[Answer], None]:
        """Return what tells the user of an act that the app has not acknowledged."""

        def look(answer: Answer) -> None:
            if not answer.accepted:
                why = "did not answer in time" if answer.error == "timeout" else "could not be reached"
                with self._lock:
                    self.workspace.trouble(user_id, f"“{name}” did not work: the app {why}.")

        return look

    def _submitted(self, view_id: str, answer: Answer) -> None:
        with self._lock:
            submitting.take_answer(self.workspace, view_id, answer)

    def _commanded(self, channel: str, user_id: str, command: str, answer: Answer) -> None:
        with self._lock:
            answering.answer_command(self.workspace, self._channel(channel), user_id, command, answer)

    def _visible(self, place: Channel, user_id: str) -> list[dict[str, Any]]:
        private = [dict(one) for one in place.whispers if one["user"] == user_id]
        public = [{"ts": one.ts, "text": one.text, "blocks": one.blocks} for one in place.messages]
        return sorted([*private, *public], key=lambda post: str(post["ts"]))

    def _written(self, channel: str, user_id: str, text: str, thread_ts: str | None) -> Message:
        place, user = self._channel(channel), self._user(user_id)
        if thread_ts is not None:
            _posted(place, thread_ts)
        message = Message(ts=self.workspace.next_ts(), user=user.id, text=text, thread_ts=thread_ts)
        place.messages.append(message)
        return message

    def _found(self, channel: str, ts: str, user_id: str) -> Message | dict[str, Any]:
        place = self._channel(channel)
        private = place.whisper(ts)
        if private is not None and private["user"] == user_id:
            return private
        return _posted(place, ts)

    def _view(self, user_id: str, *, home: bool) -> OpenView:
        stack = self.workspace.modals.get(user_id)
        if home and user_id in self.workspace.homes:
            return self.workspace.homes[user_id]
        if home or not stack:
            raise LookupError(f"{user_id} has no {'home tab' if home else 'open modal'}")
        return stack[-1]

    def _channel(self, channel: str) -> Channel:
        """Return a conversation; a user's id means the bot's with that user."""
        if channel in self.workspace.users:
            return self.workspace.conversation_with(channel)[0]
        return self.workspace.channels[channel]

    def _user(self, user_id: str) -> User:
        return self.workspace.users[user_id]


def _posted(place: Channel, ts: str) -> Message:
    message = place.message(ts)
    if message is None:
        raise LookupError(f"channel {place.id} has no message {ts}")
    return message


def _blocks(message: Message | Mapping[str, Any]) -> list[dict[str, Any]]:
    return message.blocks if isinstance(message, Message) else list(message["blocks"])


def _values(
    blocks: list[dict[str, Any]], chosen: Mapping[str, Any], value: inputs.Value
) -> dict[str, dict[str, Any]]:
    """Return the state of what stands in a message, where this one was chosen in."""
    values: dict[str, dict[str, Any]] = {}
    for block, element in elements(blocks):
        if element["type"] not in inputs.STATELESS:
            state = inputs.state_of(element, value) if element is chosen else inputs.first_state(element)
            values.setdefault(block.get("block_id", "sandbox"), {})[str(element.get("action_id"))] = state
    return values
