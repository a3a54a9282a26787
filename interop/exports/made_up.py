"""Prints entries to record: every category and outcome, and text that formats have trouble with."""

import json

CATEGORIES = ["api", "tool_execution", "session", "cognition", "swarm", "auth", "k8s", "sandbox", "config", "billing"]
ACTIONS = ["GET /v1/x", "a|b\\c=d", "two\nlines", "=1+1", "é “quoted”, ü", "tool:bash", "x\u2028CEF:0|y", '{"a": [1]}']

for number in range(400):
    entry = {
        "id": f"made-up-{number}",
        "timestamp": f"2026-11-23T12:{number // 60:02}:{number % 60:02}.{number:09}Z",
        "category": CATEGORIES[number % len(CATEGORIES)],
        "action": ACTIONS[number % len(ACTIONS)],
        "principal": None if number % 7 == 0 else f"user-{number % 5}@example.org",
        "outcome": ["success", "failure", "denied"][number % 3],
        "duration_ms": number * 3,
        "session_id": f"session-{number % 4}",
        "detail": {"n": number / 8, "text": ACTIONS[(number + 1) % len(ACTIONS)], "deep": {"list": [1, None, True]}},
        "request": {"method": "GET", "path": "/v1/x?y=1", "status_code": 200, "client_ip": "203.0.113.9"},
        "tool": {"name": "bash", "kind": "shell", "call_id": f"call-{number}", "is_error": number % 3 == 1},
        "labels": {"team": "blue"},
        "made_up": {"field": number},
    }
    print(json.dumps(entry, ensure_ascii=number % 2 == 0))
