"""How to make the run again."""

from typing import TYPE_CHECKING

from stq.report.html._parts import Listing, Section, Table

if TYPE_CHECKING:
    from stq.app import ReportData


def reproduce(report: "ReportData") -> Section:
    """Command, versions, seed, spec and the fingerprint of the data."""
    made = report.provenance
    rows = [
        ("run", str(report.run)),
        ("started", made.started),
        ("seed", str(made.seed)),
        ("routing engine", made.engine),
        ("sha256 of the data as used", made.data_sha256),
        *made.versions.items(),
        *((f"sha256 of {name}", digest) for name, digest in made.plugins.items()),
    ]
    table = Table(("what", "value"), tuple((name, value) for name, value in rows if value))
    listings = [Listing("Command", made.command or "not recorded", open=True)]
    if made.spec_text:
        listings.append(Listing("Spec as written", made.spec_text, open=True))
    listings.append(Listing("Spec as resolved, with every default and every --set", made.resolved_text))
    return Section(
        "reproduce", "How to reproduce", tables=(("Versions and fingerprints", table),), listings=tuple(listings)
    )
