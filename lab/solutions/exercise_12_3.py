"""From where the client is, the name must lead to the broker."""

advertised = {"INSIDE": "kafka:29092", "HOST": "localhost:9092", "LAN": "192.168.1.20:9094"}
