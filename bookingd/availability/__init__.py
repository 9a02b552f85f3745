"""What can be booked, and when: pure, of records and sessions alone.

`Calendars.wanted(...)` says what is wanted; `offered`, `explain` and `check` ask the same rules.
Instants inside are microseconds since 1970 in UTC, intervals half-open.
"""
