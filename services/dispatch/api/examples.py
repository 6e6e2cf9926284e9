"""What dispatch's answers look like, for its OpenAPI document; a test compares them with real ones."""

from __future__ import annotations

REQUEST_ID = "request-01a20bba-6635-7424-a8e4-81d825bcf371"
VOLUNTEER_ID = "volunteer-01a20bba-65bf-7092-bb24-d5c070452313"
SLOT = {"start": "2026-11-24T04:00:00.000Z", "end": "2026-11-24T05:00:00.000Z"}

CREATED = {"id": REQUEST_ID, "status": "received", "version": 1}
TRIAGED = {
    "id": REQUEST_ID,
    "status": "triaged",
    "priority": "urgent",
    "due": "2026-11-24T04:34:54.965Z",
    "version": 2,
}
ASSIGNED = {"id": f"{REQUEST_ID}.assignment-1", "request": REQUEST_ID, "status": "assigned", "version": 3}
VISIT = {
    "id": f"{REQUEST_ID}.visit-1",
    "status": "completed",
    "volunteer": VOLUNTEER_ID,
    "unit": "unit-health-centre",
    "slot": SLOT,
    "checked_in_at": "2026-11-24T04:04:55.065Z",
    "outcome": "done",
    "contact_made": True,
    "started_at": "2026-11-24T04:05:00.000Z",
    "ended_at": "2026-11-24T04:40:00.000Z",
}
REQUEST = {
    "id": REQUEST_ID,
    "status": "in-service",
    "version": 6,
    "community": "shaba",
    "service": "service-home-health-help",
    "category": "community-service",
    "grid": "shaba-03",
    "channel": "telephone",
    "priority": "urgent",
    "due": "2026-11-24T04:34:54.965Z",
    "units": ["unit-health-centre", "unit-red-cross", "unit-police-station"],
    "assignments": [
        {
            "id": f"{REQUEST_ID}.assignment-1",
            "volunteer": VOLUNTEER_ID,
            "unit": "unit-health-centre",
            "slot": SLOT,
        }
    ],
    "visits": [VISIT],
    "resident": "resident-01a20bba-65d1-763e-9050-2b0bfdad0bb6",
    "tier": "high",
}
