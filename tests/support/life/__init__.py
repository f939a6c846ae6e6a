"""Lives and deaths of real processes: a gateway, a provider, a crowd of clients that know exactly what they saw."""
