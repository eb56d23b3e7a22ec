"""Dashboards as code: one source, two languages, written with Grafana's own SDK to dashboards/*.json."""
