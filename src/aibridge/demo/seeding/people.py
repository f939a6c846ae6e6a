"""Who works there: a couple of thousand, few of whom do much."""

import random
from uuid import UUID

from aibridge.demo.seeding.chance import pick
from aibridge.records import Role
from aibridge.store.bulk import Account

LEAST, MOST, EACH = 25, 2000, 1000
"""People: one for so many interceptions, within bounds."""
OWNERS, AUDITORS = (7, 60), (15, 24, 300)
"""Their ranks by how much they do; nobody of them does most."""

_FIRST = (
    *("Ada", "Amir", "Anna", "Aylin", "Bo", "Carla", "Chidi", "Dana", "Daniel", "Elena", "Emre", "Eva", "Farah"),
    *("Felix", "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jan", "Jonas", "Jun", "Kai", "Katya", "Kofi", "Lars", "Leila"),
    *("Lin", "Lucia", "Luis", "Maja", "Marco", "Mei", "Mika", "Mina", "Nadia", "Nils", "Nina", "Olga", "Omar", "Paula"),
    *("Pedro", "Priya", "Rafael", "Rosa", "Ruth", "Sami", "Sara", "Sofia", "Sven", "Tara", "Theo", "Tomas", "Uma"),
    *("Vera", "Viktor", "Wanda", "Yara", "Yusuf", "Zoe"),
)
_LAST = (
    *("Abe", "Ahmed", "Andersen", "Bauer", "Becker", "Berg", "Bianchi", "Costa", "Dahl", "Diaz", "Dubois", "Eriksen"),
    *("Fischer", "Fontana", "Garcia", "Haddad", "Hansen", "Ito", "Jansen", "Kaya", "Khan", "Kim", "Koch", "Kowalski"),
    *("Larsen", "Lopez", "Marino", "Mbeki", "Meyer", "Moreau", "Nguyen", "Nowak", "Okafor", "Olsen", "Park", "Patel"),
    *("Petrov", "Popov", "Rao", "Ricci", "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Solberg", "Tanaka", "Vogel"),
    *("Wagner", "Weber", "Wolf", "Yilmaz", "Zhang", "Zimmer"),
)


def people(interceptions: int, chance: random.Random) -> list[Account]:
    """The accounts, those who do most first."""
    count = min(MOST, max(LEAST, interceptions // EACH))
    taken: dict[str, int] = {}
    return [_account(rank, chance, taken) for rank in range(count)]


def _account(rank: int, chance: random.Random, taken: dict[str, int]) -> Account:
    first, last = pick(chance, _FIRST), pick(chance, _LAST)
    plain = f"{first}.{last}".lower()
    taken[plain] = taken.get(plain, 0) + 1
    username = plain if taken[plain] == 1 else f"{plain}{taken[plain]}"
    role = Role.OWNER if rank in OWNERS else Role.AUDITOR if rank in AUDITORS else Role.MEMBER
    return Account(
        id=UUID(int=chance.getrandbits(128), version=4),
        username=username,
        name=f"{first} {last}",
        email=f"{username}@halden.example",
        role=role,
    )
