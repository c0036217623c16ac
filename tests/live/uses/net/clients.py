"""Workloads over mail clients."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error
from ..registry import Uses
from .script import Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("smtplib")
def sending_mail() -> object:
    import email
    import smtplib

    def talk(replies: bytes, **options: Any) -> Any:
        class Scripted(smtplib.SMTP):
            def _get_socket(self, host: str, port: int, timeout: float) -> Any:
                return Script(replies)

        return Scripted("h.example", 25, "me.example", **options)

    hello = b"220 ready\r\n250-hi\r\n250-SIZE 999\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
    hello += b"250 AUTH CRAM-MD5 PLAIN LOGIN\r\n"
    mail = talk(hello
                + b"235 ok\r\n250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n250 sent\r\n221 bye\r\n")
    code = mail.ehlo(), mail.auth("PLAIN", lambda challenge=None: "\0u\0p")
    mail.user, mail.password = "u", "p"
    refused = mail.sendmail("a@x", ["b@y", "c@z"], "Subject: s\r\n\r\n.dot\nbody", ["SIZE=5"])
    sent = mail.sock.sent
    mail.quit()
    logged = talk(hello + b"334 Y2hhbGxlbmdl\r\n535 no\r\n235 ok\r\n")
    signed = logged.login("u", "p")
    login = talk(
        b"220 x\r\n250-h\r\n250 AUTH=LOGIN\r\n334 VXNlcjo=\r\n334 UGFzczo=\r\n235 fine\r\n"
    )
    stepped = login.login("u", "p", initial_response_ok=False)
    old = talk(
        b"220 x\r\n502 no ehlo\r\n250 helo\r\n214-help\r\n214 more\r\n252 maybe\r\n250 list\r\n"
        b"250 noop\r\n250 reset\r\n"
    )
    old.ehlo_or_helo_if_needed()
    commands = [old.help(), old.verify("a@b"), old.expn("<list>"), old.noop(), old.rset(),
                old.has_extn("size"), old.helo_resp]
    message = email.message_from_string(
        "From: a@x\nTo: b@y, c@z\nResent-Date: now\nResent-To: d@w\nResent-From: e@v\n"
        "Bcc: h@u\n\nbody"
    )
    sender = talk(hello + b"250 ok\r\n250 ok\r\n354 go\r\n250 sent\r\n")
    delivered = sender.send_message(message), sender.sock.sent
    errors = [
        *(error(talk, text) for text in (b"554 busy\r\n", b"", b"x\r\n", b"2" * 9000)),
        *(error(talk(hello + tail).sendmail, "a@x", "b@y", "text")
          for tail in (b"500 no\r\n250 r\r\n", b"250 ok\r\n550 no\r\n250 r\r\n",
                       b"250 ok\r\n250 ok\r\n500 no\r\n250 r\r\n", b"421 closing\r\n")),
        *(error(talk(hello + tail).sendmail, "a@x", "b@y", "text")
          for tail in (b"250 ok\r\n250 ok\r\n354 go\r\n500 no\r\n250 r\r\n",
                       b"250 ok\r\n421 x\r\n")),
        error(talk(b"220 x\r\n250 plain\r\n").login, "u", "p"),
        error(talk(b"220 x\r\n250 plain\r\n").starttls),
        error(talk(b"220 x\r\n500 no\r\n500 no\r\n").ehlo_or_helo_if_needed),
        error(smtplib.SMTP, "h:x"), error(smtplib.SMTP().sendmail, "a", "b", "c"),
        error(smtplib.SMTP().putcmd, "a\nb"), error(mail.send, b"x"),
        error(talk(hello).sendmail, "a", "b", "é"),
        error(talk(b"220 x\r\n250-h\r\n250 AUTH PLAIN\r\n535 no\r\n").login, "u", "p"),
        error(talk(hello).auth, "x", lambda c=None: "r"),
    ]
    helpers = smtplib.quoteaddr("Me <a@b>"), smtplib.quoteaddr("x"), smtplib.quotedata(
        ".a\n..b\r"
    ), mail.sock, logged.esmtp_features
    return code, refused, sent, signed, stepped, commands, delivered, errors, helpers


@USES.of("poplib")
def fetching_mail() -> object:
    import poplib

    def talk(replies: bytes) -> Any:
        class Scripted(poplib.POP3):
            def _create_socket(self, timeout: float) -> Any:
                return Script(replies)

        return Scripted("h.example")

    text = b"+OK <1.2@h> ready\r\n+OK user\r\n+OK pass\r\n+OK 2 320\r\n"
    text += b"+OK list\r\n1 100\r\n2 220\r\n.\r\n+OK 1 100\r\n"
    text += b"+OK message\r\nA: b\r\n\r\n..dot\r\n.\r\n"
    text += b"+OK top\r\nA: b\r\n.\r\n+OK ids\r\n1 a\r\n.\r\n+OK 1 a\r\n+OK del\r\n+OK noop\r\n"
    text += b"+OK rset\r\n+OK caps\r\nTOP\r\nUIDL\r\nSASL PLAIN\r\n.\r\n+OK utf\r\n+OK bye\r\n"
    box = talk(text)
    seen = [box.getwelcome(), box.user("u"), box.pass_("p"), box.stat(), box.list(), box.list(1),
            box.retr(1), box.top(1, 0), box.uidl(), box.uidl(1), box.dele(1)]
    seen += [box.noop(), box.rset(), box.capa(), box.utf8()]
    sent = box.sock.sent
    seen += [box.quit()]
    errors = [error(talk, reply) for reply in (b"-ERR no\r\n", b"", b"x" * 3000, b"?\r\n")]
    errors += [error(talk(b"+OK hi\r\n").apop, "u", "p"),
               error(talk(b"+OK <a@b>\r\n-ERR x\r\n").apop, "u", "p"),
               error(talk(b"+OK\r\n-ERR\r\n").stat), error(talk(b"+OK\r\n").user, "a\nb"),
               error(talk(b"+OK\r\n+OK\r\n.\r\n").stls)]
    shown = talk(b"+OK <a@b>\r\n+OK in\r\n+OK rpop\r\n+OK\n")
    return seen, sent, errors, shown.apop("u", "p"), shown.rpop("u"), shown.noop()


@USES.of("imaplib")
def remote_folders() -> object:
    import imaplib

    class Scripted(imaplib.IMAP4):
        """Answers each command with the untagged lines written for it, then with its tag."""

        script: dict[str, bytes] = {
            "CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE AUTH=CRAM-MD5 ENABLE\r\n",
            "SELECT": b"* 3 EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 5] ok\r\n",
            "FETCH": b"* 1 FETCH (FLAGS (\\Seen) BODY[] {4}\r\nbody)\r\n* 2 FETCH (FLAGS ())\r\n",
            "SEARCH": b"* SEARCH 1 2\r\n", "LIST": b'* LIST () "/" "a b"\r\n',
            "STATUS": b"* STATUS x (MESSAGES 1)\r\n", "NAMESPACE": b"* NAMESPACE NIL NIL NIL\r\n",
            "LOGOUT": b"* BYE bye\r\n", "EXPUNGE": b"* 1 EXPUNGE\r\n",
            "AUTHENTICATE": b"+ Y2g=\r\n", "APPEND": b"+ go\r\n",
            "EXAMINE": b"* OK [READ-ONLY] ro\r\n",
        }

        def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
            self.queue = b"* OK [CAPABILITY IMAP4rev1 AUTH=CRAM-MD5] ready\r\n"
            self.sent = b""

        def send(self, data: Any) -> None:
            self.sent += data
            words = bytes(data).split()
            if not words or not words[0].startswith(self.tagpre):
                return
            name = (words[2] if words[1] == b"UID" else words[1]).decode().strip()
            self.queue += self.script.get(name, b"") + words[0] + (
                b" NO refused\r\n" if b"refuse" in data else b" OK [READ-WRITE] done\r\n"
            )

        def read(self, size: int) -> bytes:
            data, self.queue = self.queue[:size], self.queue[size:]
            return data

        def readline(self) -> bytes:
            line, end, rest = self.queue.partition(b"\r\n")
            self.queue = rest
            return line + end

        def shutdown(self) -> None: ...

    # Tags are random, for safety against replay.
    import random

    random.seed(1)
    box: Any = Scripted()
    seen = [box.welcome, box.state, box.login_cram_md5("u", "p"), box.state, box.select("INBOX"),
            box.response("UIDVALIDITY"), box.search(None, "ALL")]
    seen += [box.fetch("1", "(BODY[])"), box.uid("FETCH", "1", "(FLAGS)"),
             box.store("1", "+FLAGS", "\\Seen"), box.list(), box.lsub(),
             box.status("x", "(MESSAGES)")]
    seen += [box.create("new box"), box.rename("a", "b"), box.delete("b"), box.copy("1", "x"),
             box.expunge(), box.check(), box.noop(), box.namespace(), box.subscribe("x")]
    seen += [box.append("INBOX", "\\Seen",
                        imaplib.Time2Internaldate(0) and '"01-Jan-2024 00:00:00 +0000"',
                        b"mail\nbody")]
    errors = [error(box.login, "u", "p"), error(box.uid, "NOPE"), error(box.__getattr__, "nope"),
              error(box.starttls)]
    errors += [error(box._simple_command, "NOPE"), error(box.authenticate, "x", None)]
    seen += [box.select("x"), box.fetch("refuse", "x"), box.sort("x", "y", "z"),
             box.thread("x", "y", "z"), box.recent()]
    seen += [box.close(), box.logout(), box.state,
             imaplib.Internaldate2tuple(
                 b'25 (INTERNALDATE "01-Jan-2000 11:30:00 +0130")'
             ) is not None]
    seen += [imaplib.ParseFlags(b'1 (FLAGS (\\Seen Other))'), imaplib.Int2AP(1000),
             imaplib.Internaldate2tuple(b"x"), box._quote('a"b'),
             error(imaplib.Time2Internaldate, "x")]
    return repr(seen), errors, box.sent.count(b"\r\n")
