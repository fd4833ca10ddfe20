"""What a Redis server does in one step, as scripts. All their keys begin with the prefix of the environment.

A script whose answer is lost with its connection is sent once more: what the first run did must not make the second
refuse. Scripts that remove something therefore keep their answer for a while, under a name of the call.
"""

from __future__ import annotations

from typing import Final

# Every script gets: KEYS 1 the session, 2 and 3 the sessions by last use and by end; ARGV 1 the prefix.
_FORGET: Final = """
local function forget(key)
  for _, kind in ipairs({'subject', 'organisation', 'sid'}) do
    local value = redis.call('HGET', key, kind)
    if value then redis.call('SREM', ARGV[1] .. kind .. ':' .. value, key) end
  end
  redis.call('ZREM', KEYS[2], key)
  redis.call('ZREM', KEYS[3], key)
  return redis.call('DEL', key)
end
"""
FORGET: Final = _FORGET + "return forget(KEYS[1])"
# The last KEYS: the answer of this call. The last ARGV: how long it is kept, in ms.
_ANSWERED: Final = """
local kept = redis.call('HGET', KEYS[#KEYS], 'answer')
if kept then return kept end
local function keep(answer)
  redis.call('HSET', KEYS[#KEYS], 'answer', answer)
  redis.call('PEXPIRE', KEYS[#KEYS], ARGV[#ARGV])
  return answer
end
"""
DELETE: Final = (
    _FORGET
    + _ANSWERED
    + """
if forget(KEYS[1]) == 0 then return false end
return keep('1')
"""
)
# KEYS 4: the new session, then its sets. ARGV: "swap" or "put", lifetime in ms, last use, end, fields and values: first
# what is sealed, which no other call has.
KEEP: Final = (
    _FORGET
    + """
if forget(KEYS[1]) == 0 and ARGV[2] == 'swap' then
  return redis.call('HGET', KEYS[4], 'sealed') == ARGV[7] and 1 or 0
end
local lifetime = tonumber(ARGV[3])
redis.call('HSET', KEYS[4], unpack(ARGV, 6))
redis.call('ZADD', KEYS[2], ARGV[4], KEYS[4])
redis.call('ZADD', KEYS[3], ARGV[5], KEYS[4])
for number = 5, #KEYS do redis.call('SADD', KEYS[number], KEYS[4]) end
for number = 2, #KEYS do
  if redis.call('PTTL', KEYS[number]) < lifetime then redis.call('PEXPIRE', KEYS[number], lifetime) end
end
return 1
"""
)
TOUCH: Final = """
local seen = redis.call('HGET', KEYS[1], 'seen_at')
if seen and tonumber(seen) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'seen_at', ARGV[2])
  redis.call('ZADD', KEYS[2], ARGV[2], KEYS[1])
end
return 1
"""
# The server's clock alone ends a value: machines whose clocks differ agree on who was first. ARGV 4: the call.
PUT_VALUE: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('HGET', KEYS[1], 'call') == ARGV[4] and 1 or 0 end
redis.call('HSET', KEYS[1], 'value', ARGV[1], 'until', ARGV[2], 'call', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
TAKE_VALUE: Final = (
    _ANSWERED
    + """
local found = redis.call('HGET', KEYS[1], 'value')
redis.call('DEL', KEYS[1])
return found and keep(found)
"""
)
# KEYS 1: the entries of a topic. ARGV: name, earlier content ("" for none), later content.
SWAP_ENTRY: Final = """
local found = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if found == ARGV[3] then return 1 end
if found ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""
