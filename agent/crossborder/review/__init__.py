"""Reviews the record: what was transferred, what a rule or a permit would have made of it, and the report of it all.

Nothing here runs inside an agent. It reads what agents wrote (history, events) with what they judge by (rules, permits,
catalog), and what it makes is for people.
"""
