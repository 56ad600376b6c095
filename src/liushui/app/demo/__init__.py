"""The demo chain: a made-up Chinese supermarket chain with a realistic past and a day that goes on."""
