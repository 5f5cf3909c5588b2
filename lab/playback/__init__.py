"""From a world to pictures in time, without a clock of its own.

    source ──observer──▶ tape ──▶ playback ──▶ (lab.player: thread, clock, views)

Read next: `source` (what is asked of a world), `tape`, `playback`; `scripted`, a world for tests.
"""
