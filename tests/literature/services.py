"""A local server that answers as the literature services do, in their own formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

ABSTRACT = (
    "Confidence calibration is important for classification models in many applications. We discover that modern "
    "neural networks, unlike those from a decade ago, are poorly calibrated."
)


@dataclass(frozen=True)
class Reply:
    """What the server says."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Asked:
    """What it was asked."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Service:
    """A server with one rule for all questions, which a test may change while it runs."""

    address: str
    rule: Callable[[Asked], Reply]
    asked: list[Asked] = field(default_factory=list[Asked])


@contextmanager
def serve(rule: Callable[[Asked], Reply]) -> Generator[Service]:
    """Run a server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            params = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
            asked = Asked(path=parts.path, params=params, headers={k.lower(): v for k, v in self.headers.items()})
            service.asked.append(asked)
            reply = service.rule(asked)
            with suppress(ConnectionError):  # the other side may have hung up
                self._say(reply)

        def _say(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for key, value in reply.headers.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(address=f"http://127.0.0.1:{server.server_port}", rule=rule)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def as_json(value: object) -> Reply:
    """Return a JSON answer."""
    return Reply(json.dumps(value).encode(), headers={"content-type": "application/json"})


def atom(entries: str, total: int) -> Reply:
    """Return a feed as arXiv's API sends it."""
    return Reply(
        f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <link href="http://arxiv.org/api/query?search_query%3Dall%3Acalibration" rel="self" type="application/atom+xml"/>
  <title type="html">ArXiv Query: search_query=all:calibration</title>
  <id>http://arxiv.org/api/cHxbiOdZaP56ODnBPIenZhzg5f8</id>
  <updated>2026-11-20T00:00:00-05:00</updated>
  <opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{total}</opensearch:totalResults>
  <opensearch:startIndex xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">0</opensearch:startIndex>
  <opensearch:itemsPerPage xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">10</opensearch:itemsPerPage>
  {entries}
</feed>""".encode(),
        headers={"content-type": "application/atom+xml; charset=UTF-8"},
    )


ATOM_ENTRY = f"""<entry>
    <id>http://arxiv.org/abs/1706.04599v2</id>
    <updated>2017-08-03T00:00:00Z</updated>
    <published>2017-06-14T00:00:00Z</published>
    <title>On Calibration of Modern Neural
  Networks</title>
    <summary>  {ABSTRACT}
</summary>
    <author><name>Chuan Guo</name></author>
    <author><name>Geoff Pleiss</name></author>
    <author><name>Yu Sun</name></author>
    <author><name>Kilian Q. Weinberger</name></author>
    <arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">ICML 2017</arxiv:comment>
    <link href="http://arxiv.org/abs/1706.04599v2" rel="alternate" type="text/html"/>
    <link title="pdf" href="http://arxiv.org/pdf/1706.04599v2" rel="related" type="application/pdf"/>
    <arxiv:primary_category xmlns:arxiv="http://arxiv.org/schemas/atom" term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
  </entry>"""

ATOM_WITHDRAWN = ATOM_ENTRY.replace("1706.04599v2", "2001.00001v1").replace(
    "ICML 2017", "This paper has been withdrawn"
)

ATOM_ERROR = """<entry>
    <id>http://arxiv.org/api/errors#incorrect_id_format_for_1234.12345</id>
    <title>Error</title>
    <summary>incorrect id format for 1234.12345</summary>
    <updated>2026-11-20T00:00:00-05:00</updated>
    <link href="http://arxiv.org/api/errors#incorrect_id_format_for_1234.12345" rel="alternate" type="text/html"/>
    <author><name>arXiv api core</name></author>
  </entry>"""

SCHOLAR_PAGE: dict[str, object] = {
    "total": 811,
    "offset": 0,
    "next": 10,
    "data": [
        {
            "paperId": "d65ce2b8300541414bfe51d03906fca72e93523c",
            "externalIds": {"MAG": "2964212410", "ArXiv": "1706.04599", "CorpusId": 28671436},
            "url": "https://www.semanticscholar.org/paper/d65ce2b8300541414bfe51d03906fca72e93523c",
            "title": "On Calibration of Modern Neural Networks",
            "abstract": ABSTRACT,
            "venue": "International Conference on Machine Learning",
            "year": 2017,
            "publicationTypes": ["JournalArticle", "Conference"],
            "journal": {"pages": "1321-1330"},
            "authors": [
                {"authorId": "144993411", "name": "Chuan Guo"},
                {"authorId": "10804137", "name": "Geoff Pleiss"},
                {"authorId": "2117103617", "name": "Yu Sun"},
                {"authorId": "7446832", "name": "Kilian Q. Weinberger"},
            ],
        },
        {
            "paperId": "0" * 40,
            "externalIds": None,
            "url": None,
            "title": "A record without a year",
            "abstract": None,
            "venue": "",
            "year": None,
            "publicationTypes": None,
            "journal": None,
            "authors": [],
        },
    ],
}

OPENALEX_PAGE: dict[str, object] = {
    "meta": {"count": 2, "db_response_time_ms": 40, "page": 1, "per_page": 10, "groups_count": None},
    "results": [
        {
            "id": "https://openalex.org/W2626967530",
            "doi": None,
            "title": "On Calibration of Modern Neural Networks",
            "publication_year": 2017,
            "type": "article",
            "authorships": [
                {"author_position": "first", "author": {"id": "A1", "display_name": "Chuan Guo", "orcid": None}},
                {"author_position": "middle", "author": {"id": "A2", "display_name": "Geoff Pleiss"}},
                {"author_position": "middle", "author": {"id": "A3", "display_name": "Yu Sun"}},
                {"author_position": "last", "author": {"id": "A4", "display_name": "Kilian Q. Weinberger"}},
            ],
            "primary_location": {
                "landing_page_url": "http://proceedings.mlr.press/v70/guo17a.html",
                "source": {"display_name": "International Conference on Machine Learning", "type": "conference"},
            },
            "locations": [{"landing_page_url": "https://arxiv.org/abs/1706.04599", "source": None}],
            "biblio": {"volume": None, "issue": None, "first_page": "1321", "last_page": "1330"},
            "abstract_inverted_index": {
                word: [n] for n, word in enumerate("Confidence calibration is important".split())
            },
            "is_retracted": False,
        },
        {
            "id": "https://openalex.org/W1",
            "doi": "https://doi.org/10.1000/UNDONE",
            "title": "A finding that did not last",
            "publication_year": 2019,
            "type": "article",
            "authorships": [{"author": {"display_name": "Ada Example"}}],
            "primary_location": {"landing_page_url": None, "source": {"display_name": "Journal of Haste"}},
            "locations": [],
            "biblio": {"volume": "3", "issue": "2", "first_page": "7", "last_page": "9"},
            "abstract_inverted_index": None,
            "is_retracted": True,
        },
    ],
}

CROSSREF_PAGE: dict[str, object] = {
    "status": "ok",
    "message-type": "work-list",
    "message-version": "1.0.0",
    "message": {
        "facets": {},
        "total-results": 40211,
        "items": [
            {
                "DOI": "10.1198/016214506000001437",
                "type": "journal-article",
                "title": ["Strictly Proper Scoring Rules, Prediction, and Estimation"],
                "author": [
                    {"given": "Tilmann", "family": "Gneiting", "sequence": "first", "affiliation": []},
                    {"given": "Adrian E", "family": "Raftery", "sequence": "additional", "affiliation": []},
                ],
                "container-title": ["Journal of the American Statistical Association"],
                "volume": "102",
                "issue": "477",
                "page": "359-378",
                "publisher": "Informa UK Limited",
                "published-print": {"date-parts": [[2007, 3]]},
                "published": {"date-parts": [[2007, 3]]},
                "issued": {"date-parts": [[2007, 3]]},
                "abstract": "<jats:p>Scoring rules assess the quality of probabilistic forecasts &amp; more.</jats:p>",
                "is-referenced-by-count": 3000,
            },
            {"DOI": "10.1000/nobody", "type": "component", "title": ["A figure"], "issued": {"date-parts": [[None]]}},
        ],
    },
}
