"""Finds who is meant, or says that there is nobody."""

from aibridge.errors import NotFound
from aibridge.store.people import People, User


async def user_named(people: People, name: str) -> User:
    """The user of this name. Raises `NotFound`."""
    user = await people.find_user(name)
    if user is None:
        raise NotFound(f"There is no user {name}. `aibridge users list` shows who there is.")
    return user
