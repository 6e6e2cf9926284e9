"""A volunteer as matching sees one, of whom nothing more is known."""

from __future__ import annotations

from services.dispatch.domain.eligibility import Candidate

MEI = Candidate("volunteer-mei", "shaba", "unit-health-centre", "residents")
