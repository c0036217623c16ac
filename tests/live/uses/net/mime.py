"""Workloads over the contents of mail, and mailboxes."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error
from ..registry import Uses
from .messages import MIXED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("email.contentmanager")
def contents() -> object:
    from email import message_from_string, policy
    from email.contentmanager import ContentManager, raw_data_manager
    from email.message import EmailMessage

    whole: Any = message_from_string(MIXED, policy=policy.default)
    got = [part.get_content() for part in whole.walk() if not part.is_multipart()]
    bodies: list[tuple[Any, dict[str, Any]]] = [
        ("short\n", {}), ("é" * 100 + "\n", {"cte": "quoted-printable"}), ("é\n", {"cte": "8bit"}),
        ("x\n" * 3 + "é" * 9, {"charset": "latin-1"}),
        ("long " * 400,
         {"subtype": "enriched", "disposition": "inline", "filename": "f.txt",
          "params": {"k": "v"}}), ("b64é" * 9, {"cte": "base64"}),
        (b"raw", {"maintype": "image", "subtype": "png", "headers": ["X-A: b"]}),
        (b"e", {"maintype": "a", "subtype": "b", "cte": "7bit"}),
        (b"q=" * 50, {"maintype": "a", "subtype": "b", "cte": "quoted-printable", "cid": "<c>"}),
        (whole.get_payload()[3].get_content(), {}),
        ("", {}), (b"\xff", {"maintype": "a", "subtype": "b", "cte": "8bit"}),
    ]
    made = []
    for body, options in bodies:
        message = EmailMessage()
        message.set_content(body, **options)
        made.append(message.as_string().splitlines()[:6])
    manager = ContentManager()
    manager.add_get_handler("text", lambda message: "handled")
    manager.add_set_handler(int, lambda message, value: message.set_payload(str(value)))
    target: Any = EmailMessage()
    manager.set_content(target, 5)
    wrong = (("é", {"cte": "7bit"}), (5, {}), (b"x", {}), ("x", {"cte": "odd"}),
             (whole, {"subtype": "partial"}), (whole, {"cte": "base64"}))
    errors = [error(EmailMessage().set_content, body, **options) for body, options in wrong]
    errors += [error(raw_data_manager.get_content, whole),
               error(manager.set_content, target, "text"),
               error(ContentManager().get_content, target)]
    part: Any = message_from_string("Content-Type: text/plain; charset=nope\n\nx",
                                    policy=policy.default)
    errors += [error(part.get_content), error(manager.set_content, whole, 5),
               error(EmailMessage().set_content, b"x", "a", "b", headers=["bad"])]
    return str(got), made, errors, manager.get_content(target), target.get_payload()


def policy() -> Any:
    import email.policy

    return email.policy.default.clone(max_line_length=30)


@USES.of("email.charset")
def charsets() -> object:
    from email import charset

    utf, latin, ascii_ = charset.Charset("UTF8"), charset.Charset("latin_1"), charset.Charset()
    charset.add_charset("x-demo", charset.SHORTEST, charset.QP, "utf-8")
    charset.add_alias("demo", "x-demo")
    charset.add_codec("x-demo", "utf-8")
    demo = charset.Charset("demo")
    japanese = charset.Charset("euc-jp")
    lengths = iter([20, 30, 30, 30, 30, 30, 30, 30, 30, 30])
    return (
        [(str(c), c.get_body_encoding() if not callable(c.get_body_encoding()) else "7bit",
          c.header_encoding) for c in (utf, latin, demo, ascii_)],
        (utf.header_encode("é ü"), latin.header_encode("é"), demo.header_encode("aé"),
         demo.header_encode("ééé"), ascii_.header_encode("a")),
        (utf.header_encode_lines("é" * 40, lengths), utf.body_encode("é\n"),
         latin.body_encode(b"caf\xe9="), ascii_.body_encode("plain")),
        (japanese.get_output_charset(), japanese.output_codec, utf == "utf-8", utf != latin),
        [error(charset.add_charset, "x", 99, charset.SHORTEST), error(charset.Charset, "é"),
         error(charset.add_charset, "x", None, charset.SHORTEST)],
        [charset.CHARSETS.pop("x-demo")[2], charset.ALIASES.pop("demo"),
         charset.CODEC_MAP.pop("x-demo")],
    )


@USES.of("email.quoprimime")
def mime_quoted_printable() -> object:
    from email import quoprimime as qp

    body = "Grüße=\nlong " + "x" * 100 + " \t\nend. \n.\n" + "é" * 30
    coded = qp.body_encode(body.encode("latin-1").decode("latin-1"))
    return (
        coded,
        qp.decode(coded) == body,
        qp.body_encode("", 20) + qp.body_encode("a b\r\nc", 10, "\r\n"),
        qp.decode("a=3D=\nb=ZZ=4\nc=\n  \n") + qp.decode("") + qp.decode("tail="),
        qp.header_encode(b"a b\xe9?") + qp.header_encode(b"") + qp.header_decode("a_=C3=A9"),
        (qp.header_length(b"a \xe9"), qp.body_length(b"a=\xe9"), qp.header_check(65),
         qp.body_check(200), qp.quote("x")),
        (qp.unquote("=41"), error(qp.body_encode, "x", 3)),
    )


@USES.of("email.encoders")
def transfer_encoders() -> object:
    from email import encoders
    from email.message import Message

    out = []
    for encode in (encoders.encode_base64, encoders.encode_quopri, encoders.encode_7or8bit,
                   encoders.encode_noop):
        for payload in ("plain  text\t\n", b"\xff raw", None):
            message: Any = Message()
            message.set_payload(payload)
            failed = error(encode, message).replace("no error", "")
            out.append((failed, message.get_payload(), message["Content-Transfer-Encoding"]))
    return tuple(out)


@USES.of("email.mime.multipart")
def mime_classes() -> object:
    from email.mime.application import MIMEApplication
    from email.mime.audio import MIMEAudio
    from email.mime.image import MIMEImage
    from email.mime.message import MIMEMessage
    from email.mime.multipart import MIMEMultipart
    from email.mime.text import MIMEText

    sound = b"RIFF" + bytes(4) + b"WAVEfmt " + bytes(20)
    picture = b"\x89PNG\r\n\x1a\n" + bytes(20)
    text = MIMEText("é\n")
    parts = [text, MIMEText("ascii"), MIMEImage(picture), MIMEApplication(b"x", name="f"),
             MIMEMessage(text), MIMEAudio(sound, "wav")]
    whole = MIMEMultipart("alternative", "BOUND", parts, x="y")
    return (
        whole.as_string(),
        [part.get_content_type() for part in whole.walk()],
        [error(MIMEImage, b"?"), error(MIMEMessage, "text"), error(text.attach, whole),
         error(MIMEAudio, b"?"), error(MIMEApplication, b"", None)],
        MIMEMultipart().get_content_type(),
    )


@USES.of("mimetypes")
def mime_types() -> object:
    import io
    import mimetypes

    table = mimetypes.MimeTypes()
    table.readfp(io.StringIO(
                     "# comment\ntext/x-demo dem demo # more\napplication/x-none\nimage/x-dup dem\n"
                 ))
    table.add_type("text/x-loose", ".loose", strict=False)
    urls = ("a.tar.gz", "b.HTML", "x.tgz", "data:,text", "data:image/png;base64,AA", "data:bad",
            "c.demo", "http://h/d.pdf?q", "none", "f.loose", "Z.Z")
    names = ("text/x-demo", "text/html", "nothing/here")
    return (
        [table.guess_type(url) for url in urls],
        table.guess_type("f.loose", strict=False),
        [sorted(table.guess_all_extensions(name)) for name in names],
        [table.guess_extension(name, strict=False) is None for name in names],
        table.guess_extension("text/x-loose", strict=False),
        mimetypes.read_mime_types("/no/such/file"),
    )


@USES.of("mailbox")
def mailboxes() -> object:
    import email
    import io
    import mailbox
    import os
    import tempfile
    import types

    clock = mailbox.__dict__["time"]
    stopped = types.SimpleNamespace(time=lambda: 1_700_000_000.0,
                                    gmtime=lambda *args: clock.gmtime(0), asctime=clock.asctime)
    for name in ("strftime", "localtime", "strptime"):
        setattr(stopped, name, getattr(clock, name))
    # A Maildir is read again when two seconds have passed.
    mailbox.__dict__["time"] = stopped
    text = "From: a@b\nSubject: {}\n\nbody\nFrom the start\n"
    out: list[object] = []
    try:
        with tempfile.TemporaryDirectory() as top:
            boxes: tuple[Any, ...] = (
                mailbox.mbox(os.path.join(top, "mbox")), mailbox.MMDF(os.path.join(top, "mmdf")),
                mailbox.Babyl(os.path.join(top, "babyl")), mailbox.MH(os.path.join(top, "mh")),
                mailbox.Maildir(os.path.join(top, "maildir")),
            )
            kinds = (mailbox.mboxMessage, mailbox.MMDFMessage, mailbox.BabylMessage,
                     mailbox.MHMessage, mailbox.MaildirMessage)
            for box, kind in zip(boxes, kinds, strict=True):
                box.lock()
                keys = [box.add(text.format("one")),
                        box.add(email.message_from_string(text.format("two")))]
                keys.append(box.add(io.BytesIO(text.format("three").encode())))
                marked: Any = kind(text.format("marked"))
                for act in ("add_flag", "set_flags", "remove_flag"):
                    if hasattr(marked, act):
                        getattr(marked, act)("F" if act != "set_flags" else "RS")
                for act, word in (("add_label", "answered"), ("add_sequence", "flagged"),
                                  ("set_subdir", "cur"), ("set_info", "2,FS")):
                    if hasattr(marked, act):
                        getattr(marked, act)(word)
                if hasattr(marked, "update_visible"):
                    marked.update_visible()
                # Babyl cannot read back a BabylMessage that it wrote.
                keys.append(box.add(bytes(marked) if kind is mailbox.BabylMessage else marked))
                box[keys[0]] = text.format("changed").encode()
                box.flush()
                box.unlock()
                out.append(sorted(message["Subject"] for message in box))
                out.append((len(box), keys[1] in box, box.get_bytes(keys[0])[:9],
                            box.get_string(keys[1])[-6:], box.get("none", "d")))
                with box.get_file(keys[0]) as file:
                    out.append((file.readline(), file.tell() >= 0, file.read(4),
                                len(file.readlines())))
                shown = box[keys[3]]
                out.append(getattr(shown, "get_flags", list)()
                           or getattr(shown, "get_labels", list)()
                           or getattr(shown, "get_sequences", list)())
                out += [str(box.pop(keys[2])["Subject"]), box.popitem()[1]["Subject"] is not None,
                        box.pop("none", 5)]
                box.discard("none")
                errors = [error(box.remove, 99), error(box.__getitem__, "none"), error(box.add, 5),
                          error(box.get_message, 99)]
                errors += [error(box.update, {"nope": text})]
                out += [errors, sorted(type(kind(item)).__name__ for item in box.values())]
                box.update({key: text.format("updated") for key in list(box.iterkeys())})
                box.clear()
                box.flush()
                box.close()
            mh, maildir = boxes[3:]
            folder = mh.add_folder("sub")
            folder.add(text.format("x"))
            folder.set_sequences({"unseen": [1]})
            folder.pack()
            out += [mh.list_folders(), folder.get_sequences(), error(mh.remove_folder, "sub"),
                    error(mh.get_folder, "no")]
            folder.clear()
            mh.remove_folder("sub")
            maildir.add_folder("part").add(text.format("y"))
            out += [maildir.list_folders(), maildir.get_folder("part").next()["Subject"],
                    error(maildir.get_folder, "no")]
            maildir.clean()
            out.append(error(mailbox.Maildir, os.path.join(top, "absent"), create=False))
            out.append(error(mailbox.mbox, os.path.join(top, "absent"), create=False))
            pairs = [kinds[0](first(text)) for first in kinds]
            out += [len(pairs), [error(kind, 5) for kind in kinds]]
            status = kinds[4](text)
            status.set_date(5.0)
            out += [status.get_date(), error(status.set_date, "x"), error(status.set_info, 5),
                    error(status.set_subdir, "x"), status.get_info()]
            seen = [type(a(b(text))).__name__ for a in kinds for b in kinds]
    finally:
        mailbox.__dict__["time"] = clock
    return tuple(out), seen
