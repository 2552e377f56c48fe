"""The Zendesk stand-in's memory: users, tickets and their audits, changed by Zendesk's rules."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.zendesk import seed
from sandbox.zendesk.gate import fault, invalid, not_found
from sandbox.zendesk.text import as_html, cut, expanded, plain

UPLOADS_LIVE = timedelta(minutes=60)
PRIORITIES = ("low", "normal", "high", "urgent")
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PLAIN_FIELDS = ("subject", "priority", "status", "type", "group_id", "assignee_id", "external_id")
NO_SOURCE: dict[str, Any] = {"from": {}, "to": {}, "rel": None}
RULE_SOURCE: dict[str, Any] = {"from": {"id": 8801, "title": "A trigger"}, "to": {}, "rel": "trigger"}
SYSTEM_USER = -1
STAFF = ("agent", "admin")

Json = dict[str, Any]


class ZendeskStore:
    """Nothing here is safe for threads; the stand-in holds its lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids = itertools.count(5_001)
        self._ticket_ids = itertools.count(101)
        self.users = seed.users()
        self.groups = seed.groups()
        self.memberships = seed.memberships()
        self.fields = seed.ticket_fields()
        self.tickets: dict[int, Json] = {}
        self.audits: dict[int, list[Json]] = {}
        self.uploads: dict[str, Json] = {}

    def ticket(self, ticket_id: int) -> Json:
        """Return a ticket. Raises Refusal with 404 for none and for a deleted one."""
        found = self.tickets.get(ticket_id)
        if found is None or found["status"] == "deleted":
            raise not_found()
        return found

    def create(self, asked: Mapping[str, Any], actor: Json) -> tuple[Json, Json]:
        """Make a ticket; return it and its first audit. Raises Refusal with 422."""
        if not asked.get("comment") and not asked.get("description"):
            raise invalid({"description": fault("Description: cannot be blank")})
        self._check(asked)
        requester = self._requester(asked, actor)
        source = self._closed_source(asked)
        ticket = self._blank(asked, requester["id"], actor, source)
        self._apply(ticket, asked)
        comment = self._first_comment(asked)
        # By the documentation the requester submits unless somebody is named; a follow-up ignores the name.
        submitter = requester["id"] if source or not asked.get("submitter_id") else asked["submitter_id"]
        ticket["submitter_id"] = submitter
        ticket["is_public"] = comment.get("public", True) is not False
        self.tickets[ticket["id"]], self.audits[ticket["id"]] = ticket, []
        audit = self._audit(ticket, actor, asked)
        audit["events"].append(self._comment_event(ticket, comment, submitter, audit["id"]))
        shown = [(name, ticket[name]) for name in (*PLAIN_FIELDS, "requester_id", "tags") if ticket[name]]
        audit["events"] += [self._event("Create", field_name=name, value=value) for name, value in shown]
        return ticket, audit

    def update(self, ticket_id: int, asked: Mapping[str, Any], actor: Json) -> tuple[Json, Json]:
        """Change a ticket; return it and the new audit. Raises Refusal with 404, 409 or 422."""
        ticket = self.ticket(ticket_id)
        if ticket["status"] == "closed":
            raise invalid({"status": fault("Status: closed prevents ticket update")})
        self._check(asked, ticket)
        before = {name: ticket[name] for name in (*PLAIN_FIELDS, "tags")}
        self._apply(ticket, asked)
        audit = self._audit(ticket, actor, asked)
        if asked.get("comment"):
            author = asked["comment"].get("author_id") or actor["id"]
            audit["events"].append(self._comment_event(ticket, asked["comment"], author, audit["id"]))
        for name, old in before.items():
            if ticket[name] != old:
                change = self._event("Change", field_name=name, value=ticket[name], previous_value=old)
                audit["events"].append(change)
        return ticket, audit

    def by_rule(self, ticket_id: int, text: str) -> tuple[Json, Json]:
        """Let a trigger write to the customer."""
        ticket = self.ticket(ticket_id)
        audit = self._audit(ticket, {"id": SYSTEM_USER}, {})
        audit["via"] = {"channel": "rule", "source": RULE_SOURCE}
        comment = {"body": text, "public": True}
        audit["events"].append(self._comment_event(ticket, comment, SYSTEM_USER, audit["id"]))
        return ticket, audit

    def merge(self, target_id: int, source_ids: list[int], actor: Json, asked: Mapping[str, Any]) -> None:
        """Close tickets into another one, as an agent does. Raises Refusal with 404 or 422."""
        target, sources = self.ticket(target_id), [self.ticket(each) for each in source_ids]
        for source in sources:
            told = f'This request was closed and merged into request #{target_id} "{target["subject"]}".'
            comment = {"body": asked.get("source_comment") or told, "public": False}
            tags = [*source["tags"], "closed_by_merge"]
            self.update(source["id"], {"comment": comment, "tags": tags, "status": "closed"}, actor)
        named = ", ".join(f'#{one["id"]} "{one["subject"]}"' for one in sources)
        words = "Request {} was" if len(sources) == 1 else "Requests {} were"
        told = f"{words.format(named)} closed and merged into this request."
        comment = {"body": asked.get("target_comment") or told, "public": False}
        self.update(target_id, {"comment": comment}, actor)

    def remove(self, ticket_id: int, *, spam: bool = False) -> None:
        ticket = self.ticket(ticket_id)
        self.touch(ticket)
        ticket["status"] = "deleted"
        if spam:
            self.users[ticket["requester_id"]]["suspended"] = True

    def rate(self, ticket_id: int, score: str, comment: str | None) -> None:
        """Keep the requester's answer to the survey."""
        ticket = self.ticket(ticket_id)
        ticket["satisfaction_rating"] = {"score": score, "comment": comment}
        self.touch(ticket)

    def upload(self, name: str, content: bytes, content_type: str) -> Json:
        token = f"upload{next(self._ids)}"
        attachment = {
            "id": next(self._ids),
            "file_name": name,
            "content_type": content_type,
            "size": len(content),
            "content_url": f"https://shop.zendesk.example/attachments/token/{token}/?name={name}",
        }
        self.uploads[token] = {"at": self._clock(), "content": content, "attachment": attachment}
        return {"token": token, "attachment": attachment, "attachments": [attachment]}

    def touch(self, ticket: Json) -> None:
        """Mark a ticket as changed, for those who follow changes."""
        now = self._clock()
        ticket["updated_at"], ticket["generated_timestamp"] = _iso(now), int(now.timestamp())

    def user_by_email(self, email: str) -> Json | None:
        wanted = email.strip().lower()
        return next((one for one in self.users.values() if (one["email"] or "").lower() == wanted), None)

    def add_user(self, name: str, email: str | None, **more: Any) -> Json:
        user_id = next(self._ids)
        self.users[user_id] = seed.user(user_id, name, email, **more)
        return self.users[user_id]

    def _requester(self, asked: Mapping[str, Any], actor: Json) -> Json:
        if asked.get("requester_id"):
            return self._known_user(asked["requester_id"], "requester")
        told = asked.get("requester")
        if not told:
            return actor
        email, name = told.get("email"), str(told.get("name") or "")
        if email and ("@" not in email or " " in email):
            raise invalid({"requester": fault(f"Requester: Email: {email} is not properly formatted")})
        known = self.user_by_email(email) if email else None
        if known is None and not name:
            raise invalid({"requester": fault("Requester: Name: is too short (minimum is 1 character)")})
        return known or self.add_user(
            name, email, external_id=told.get("external_id"), phone=told.get("phone")
        )

    def _known_user(self, user_id: Any, what: str) -> Json:
        found = self.users.get(user_id)
        if found is None:
            raise invalid({what: fault(f"{what.capitalize()}: is invalid")})
        return found

    def _closed_source(self, asked: Mapping[str, Any]) -> Json | None:
        source = self.tickets.get(asked.get("via_followup_source_id") or 0)
        return source if source and source["status"] == "closed" else None

    def _blank(self, asked: Mapping[str, Any], requester_id: int, actor: Json, source: Json | None) -> Json:
        ticket_id, now = next(self._ticket_ids), self._clock()
        via: Json = {"channel": "api" if actor["role"] in STAFF else "web", "source": NO_SOURCE}
        if source:
            origin = {"ticket_id": source["id"], "subject": source["subject"]}
            via["source"] = {"from": origin, "to": {}, "rel": "follow_up"}
            source["followup_ids"].append(ticket_id)
        blank = dict.fromkeys((*PLAIN_FIELDS, "organization_id"))
        return blank | {
            "id": ticket_id,
            "status": "new",
            "requester_id": requester_id,
            "via": via,
            "created_at": _iso(now),
            "tags": [],
            "custom_fields": [],
            "followup_ids": [],
            "brand_id": asked.get("brand_id"),
            "ticket_form_id": asked.get("ticket_form_id"),
        }

    def _check(self, asked: Mapping[str, Any], ticket: Json | None = None) -> None:
        details: Json = {}
        if asked.get("priority") not in (None, *PRIORITIES):
            details["priority"] = fault("Priority: is not valid")
        if asked.get("status") not in (None, *STATUSES):
            details["status"] = fault("Status: is not valid")
        group_id = asked.get("group_id", (ticket or {}).get("group_id"))
        if group_id is not None and group_id not in {group["id"] for group in self.groups}:
            details["group"] = fault("Group: is invalid")
        if asked.get("assignee_id") is not None:
            details |= self._assignee_faults(asked["assignee_id"], group_id)
        faults = [line for one in asked.get("custom_fields") or () for line in self._field_faults(one)]
        if faults:
            details["base"] = faults
        if details:
            raise invalid(details)

    def _assignee_faults(self, user_id: Any, group_id: Any) -> Json:
        found = self.users.get(user_id)
        if found is None or found["role"] not in STAFF:
            return {"assignee": fault("Assignee: is invalid")}
        theirs = {one["group_id"] for one in self.memberships if one["user_id"] == user_id}
        if group_id is not None and group_id not in theirs:
            return {"assignee": fault("Assignee: is not a member of the group")}
        return {}

    def _field_faults(self, one: Mapping[str, Any]) -> list[Json]:
        """Stricter than Zendesk, which passes over fields it does not know."""
        found = self.fields.get(one.get("id") or 0)
        if found is None or not found["active"]:
            return fault("A field: is invalid", ticket_field_id=one.get("id"))
        tags = [option["value"] for option in found.get("custom_field_options", ())]
        if found["type"] == "tagger" and one.get("value") not in (None, *tags):
            return fault(f"{found['title']}: is invalid", ticket_field_id=found["id"])
        return []

    def _apply(self, ticket: Json, asked: Mapping[str, Any]) -> None:
        for name in PLAIN_FIELDS:
            if name in asked:
                ticket[name] = asked[name]
        if ticket["assignee_id"] and not ticket["group_id"]:
            ticket["group_id"] = self.users[ticket["assignee_id"]]["default_group_id"]
        if ticket["status"] == "new" and ticket["assignee_id"]:
            ticket["status"] = "open"
        if "tags" in asked:
            ticket["tags"] = sorted({str(tag) for tag in asked["tags"]})
        for one in asked.get("custom_fields") or ():
            kept = [other for other in ticket["custom_fields"] if other["id"] != one["id"]]
            ticket["custom_fields"] = [*kept, {"id": one["id"], "value": one.get("value")}]
            if self.fields[one["id"]]["type"] == "tagger" and one.get("value"):
                ticket["tags"] = sorted({*ticket["tags"], one["value"]})
        self.touch(ticket)

    def _first_comment(self, asked: Mapping[str, Any]) -> Json:
        return dict(asked.get("comment") or {"body": asked["description"]})

    def _comment_event(self, ticket: Json, asked: Mapping[str, Any], author_id: int, audit_id: int) -> Json:
        author_id = asked.get("author_id") or author_id
        markup = asked.get("html_body")
        text = str(markup if markup is not None else asked.get("body") or "")
        if self.users.get(author_id, {}).get("role", "agent") in STAFF:
            text = expanded(text, self._values(ticket), is_html=markup is not None)
        text = cut(text)
        body = plain(text) if markup is not None else text
        return self._event(
            "Comment",
            author_id=author_id,
            body=body,
            plain_body=body,
            html_body=text if markup is not None else as_html(text),
            public=asked.get("public", ticket["is_public"]) is not False,
            attachments=self._attachments(asked.get("uploads") or ()),
            audit_id=audit_id,
        )

    def _attachments(self, tokens: Any) -> list[Json]:
        found = []
        for token in [tokens] if isinstance(tokens, str) else tokens:
            upload = self.uploads.pop(token, None)
            if upload is None or self._clock() - upload["at"] > UPLOADS_LIVE:
                raise invalid({"uploads": fault("Uploads: token is invalid or was used")})
            found.append({**upload["attachment"], "content": upload["content"].decode(errors="replace")})
        return found

    def _values(self, ticket: Json) -> Json:
        requester = self.users.get(ticket["requester_id"], {})
        return {
            "ticket.id": ticket["id"],
            "ticket.title": ticket["subject"],
            "ticket.external_id": ticket["external_id"],
            "ticket.requester.name": requester.get("name"),
            "ticket.requester.email": requester.get("email"),
            "ticket.requester.phone": requester.get("phone"),
            "current_user.email": seed.BRIDGE_EMAIL,
        }

    def _audit(self, ticket: Json, actor: Mapping[str, Any], asked: Mapping[str, Any]) -> Json:
        self.touch(ticket)
        audit = {
            "id": next(self._ids),
            "ticket_id": ticket["id"],
            "created_at": _iso(self._clock()),
            "author_id": actor["id"],
            "metadata": {"system": {}, "custom": dict(asked.get("metadata") or {})},
            "events": [],
            "via": {"channel": "api", "source": NO_SOURCE},
        }
        self.audits[ticket["id"]].append(audit)
        return audit

    def _event(self, kind: str, **more: Any) -> Json:
        return {"id": next(self._ids), "type": kind, **more}


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
