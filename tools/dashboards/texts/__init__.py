"""All that people read on the dashboards, in pairs: English, Vietnamese."""
