"""People. For now: who am I."""

from fastapi import APIRouter

from aibridge.api.caller import CallerOf
from aibridge.api.shapes import Me

router = APIRouter(prefix="/users", tags=["users"])


@router.get("/me")
async def get_me(caller: CallerOf) -> Me:
    """Whose token this is, and what it opens."""
    identity = caller.identity
    return Me(
        id=identity.user_id,
        username=identity.username,
        name=identity.name,
        role=identity.role,
        token_id=identity.token_id,
        scopes=sorted(identity.scopes),
    )
