"""Sample data with its sources, and a simulator whose truth is known."""

from customer_value.datasets.cdnow import load_cdnow
from customer_value.datasets.complete_journey import load_complete_journey
from customer_value.datasets.donations import load_donations
from customer_value.datasets.simulate import simulate_transactions

__all__ = ["load_cdnow", "load_complete_journey", "load_donations", "simulate_transactions"]
