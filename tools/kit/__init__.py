"""The operators' kit at work: real Prometheus and Alertmanager, agents that replay, every query and alert tried."""
