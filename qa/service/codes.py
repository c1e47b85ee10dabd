"""Codes: why a request was not served, for programs.

They are part of the interface: a sentence may be worded better, a code stays.
"""

from typing import Literal, get_args

Code = Literal[
    "invalid-request",
    "host-not-allowed",
    "not-authenticated",
    "not-allowed",
    "read-only",
    "cross-site",
    "not-found",
    "nothing-within",
    "no-document",
    "no-page",
    "several-documents",
    "no-job",
    "method-not-allowed",
    "too-slow",
    "document-changed",
    "library-locked",
    "length-required",
    "too-large",
    "wrong-media-type",
    "invalid-fields",
    "question-blank",
    "question-too-long",
    "not-a-receipt",
    "not-signed",
    "unreadable",
    "too-many-requests",
    "internal",
    "index-damaged",
    "busy",
    "stopping",
    "not-ready",
    "issuer-unreachable",
    "no-room",
]

CODES: tuple[Code, ...] = get_args(Code)
