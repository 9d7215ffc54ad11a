/* The index: its record of one run of one step, and the Lua functions that change it.
 *
 * Each inline stands for one function of producers/raincheck/index/lua and is called inside
 * an atomic block, as a function in the server is atomic. A name in capitals that ends in
 * _OFF, or one explained at its place, is a mutant: the protocol with that defence missing.
 */

mtype = { UNKNOWN, QUEUED, RUNNING, SUCCEEDED, FAILED }; /* states of the step */
mtype = { NO_ROW, HINT, TIMER };                         /* its row in the outbox or in `timers` */

/* All that a copy of the server holds, and so all that a rollback brings back. */
typedef Index {
  mtype state = UNKNOWN;
  mtype row = NO_ROW;
  byte attempt;
  byte nonce;     /* of the fence; kept as the last fence once the step has succeeded */
  byte node;
  bool dead;      /* whether the process (pid) that claimed it has died since */
  byte errors;
  byte times_lost;
  byte silent;    /* of those with a whole worker; the ten of 04_ends.lua never come here */
  byte bound;     /* the version that the step's reference resolved to; 0: not resolved yet */
  byte nodes = REGISTERED_AT_START; /* one bit each */
  byte latest = 1; /* newest version of the artifact that the step reads */
  byte revision;
  byte published; /* by the step, in this history */
  byte first;     /* what the first claim handed out; no function reads it */
#ifdef EPOCH_COMPARED
  byte epoch;
#endif
};

Index index;
Index saved; /* an earlier state: a copy, or what the disk held when the host went down */
Index blank;

#define REGISTERED(its_node) ((index.nodes & BIT(its_node)) != 0)

/* What a fence is compared by. The attempt alone repeats after a rollback. */
#if defined(FENCE_OFF)
#define HOLDS_FENCE(w) true
#elif defined(COUNTER_ONLY)
#define HOLDS_FENCE(w) (index.attempt == attempt[w])
#else
#define HOLDS_FENCE(w) (index.attempt == attempt[w] && index.nonce == NAME(w))
#endif

/* Runs.ready. State and row are one write: who dies before it sends leaves the row behind. */
inline ready() {
  acknowledged_is_kept = !acknowledged;
  PROMISE(acknowledged_is_kept) /* what was acknowledged never runs again */
  index.state = QUEUED;
  index.row = HINT
}

/* Ends.release: the fence is void. */
inline release() {
  index.nonce = 0;
  index.node = 0;
  index.dead = false
}

/* 05_submit.lua. Its natural key is the run's id: a repeat finds the run. */
inline submit() {
#ifndef SUBMIT_GUARD_OFF
  if
  :: index.state == UNKNOWN ->
#endif
#ifdef ROW_WRITTEN_LATER
     index.state = QUEUED /* the row follows in a second call */
#else
     ready()
#endif
#ifndef SUBMIT_GUARD_OFF
  :: else
  fi
#endif
}

/* Call:revision. */
inline raise_revision() {
  index.revision++;
  newer_than_seen = true;
  for (n : 0 .. WORKERS - 1) {
    newer_than_seen = newer_than_seen && (!looked[n] || index.revision > highest[n])
  }
  n = 0;
  PROMISE(newer_than_seen)
#ifdef NEVER_TWICE /* more than is promised */
  never_twice = (given & BIT(index.revision)) == 0;
  PROMISE(never_twice)
  given = given | BIT(index.revision)
#endif
}

/* 08_claim.lua, the end of it: all was in order. */
inline hand_out(w) {
  claimed_by_registered = REGISTERED(known_as[w]);
  PROMISE(claimed_by_registered)
  index.state = RUNNING;
  index.row = NO_ROW;
  index.attempt++;
  index.nonce = NAME(w);
  index.node = known_as[w];
  index.dead = false;
  attempt_has_reason = index.attempt <= 1 + index.errors + index.times_lost;
  PROMISE(attempt_has_reason)
#ifdef BINDING_NOT_KEPT
  index.bound = index.latest
#else
  if
  :: index.bound == 0 -> index.bound = index.latest
  :: else
  fi
#endif
  if
  :: index.first == 0 -> index.first = index.bound
  :: else
  fi;
  bound_once = index.bound == index.first;
  PROMISE(bound_once)
}

#ifdef REGISTRATION_CHECK_OFF
#define MAY_CLAIM(w) true
#else
#define MAY_CLAIM(w) REGISTERED(known_as[w])
#endif
#ifdef CLAIM_OF_RUNNING /* the state is not looked at */
#define CLAIMABLE (index.state == QUEUED || index.state == RUNNING)
#else
#define CLAIMABLE (index.state == QUEUED)
#endif

/* 08_claim.lua. The natural key is the delivery's nonce: a repeat gets the same fence. */
inline claim(w) {
  if
#ifndef REPLAY_OFF
  :: index.state == RUNNING && index.nonce == NAME(w) -> granted = true
#endif
  :: else ->
     if
     :: CLAIMABLE && MAY_CLAIM(w) && index.row != TIMER ->
        hand_out(w);
        granted = true
     :: else -> granted = false
     fi
  fi
}

/* 10_attempts.lua, complete. */
inline complete(w) {
  if
#ifdef STATE_CHECK_OFF
  :: HOLDS_FENCE(w) ->
#else
  :: index.state == RUNNING && HOLDS_FENCE(w) ->
#endif
     no_stale_token = index.nonce == NAME(w);
     PROMISE(no_stale_token)
     raise_revision();
     index.published++;
     one_publication = index.published == 1;
     PROMISE(one_publication)
     index.state = SUCCEEDED;
     index.node = 0;
     index.dead = false;
     granted = true
#ifndef REPEATED_COMPLETION_REFUSED
  :: index.state == SUCCEEDED && HOLDS_FENCE(w) -> granted = true /* the stored outputs */
#endif
  :: else ->
     granted = false;
     success_is_not_denied = index.state != SUCCEEDED || index.nonce != NAME(w);
     PROMISE(success_is_not_denied)
  fi
}

/* 10_attempts.lua, fail; the retry has a delay, so its hint waits for a timer. */
inline fail(w) {
  if
  :: index.state == RUNNING && HOLDS_FENCE(w) ->
     no_stale_token = index.nonce == NAME(w);
     PROMISE(no_stale_token)
     release();
     index.errors++;
     if
     :: index.errors > RETRIES -> index.state = FAILED
     :: else ->
        index.state = QUEUED;
        index.row = TIMER
     fi
  :: else
  fi
}

/* Ends.lost: the attempt has lost its process, or that and its worker. */
inline take_back(by_silence) {
  release();
  index.times_lost++;
  index.silent = index.silent + by_silence;
  loss_has_reason = index.times_lost <= DEATHS;
  PROMISE(loss_has_reason)
  if
  :: index.times_lost - index.silent >= LOST_LIMIT -> index.state = FAILED
  :: else ->
     ready();
     send()
  fi
}

/* 11_nodes.lua, lost: a process is gone. */
inline lost(its_node) {
  if
  :: index.state == RUNNING && index.node == its_node && index.dead -> take_back(0)
  :: else
  fi
}

/* 11_nodes.lua, give_back: no process of the node holds the attempt. */
inline give_back(its_node, unheld_nonce) {
  if
#ifdef GIVE_BACK_OF_ANY /* the attempt is not compared */
  :: index.state == RUNNING && index.node == its_node -> take_back(0)
#else
  :: index.state == RUNNING && index.node == its_node && index.nonce == unheld_nonce -> take_back(0)
#endif
  :: else
  fi
}

/* 11_nodes.lua, reap. */
inline reap(quiet) {
  index.nodes = index.nodes & ~BIT(quiet);
  if
  :: index.state == RUNNING && index.node == quiet -> take_back(1)
  :: else
  fi
}

/* 12_due.lua: a timer has come, or a hint's row was not looked at for long. */
inline due() {
  index.row = HINT;
  send()
}

/* 01_call.lua, reopen: goes on above all that the caller has seen. */
inline reopen(w) {
#ifdef EPOCH_COMPARED /* only who knows the epoch of the copy may reopen it */
  if
  :: index.epoch == epoch[w] ->
     epochs++;
     index.epoch = epochs;
     index.revision = highest[w] + LEAP
  :: else
  fi;
  epoch[w] = index.epoch
#elif defined(REOPEN_OFF)
  skip
#else
  index.revision = highest[w] + LEAP
#endif
}

#define COPY(to, from) \
  to.state = from.state; to.row = from.row; to.attempt = from.attempt; \
  to.nonce = from.nonce; to.node = from.node; to.dead = from.dead; \
  to.errors = from.errors; to.times_lost = from.times_lost; to.silent = from.silent; to.bound = from.bound; \
  to.nodes = from.nodes; to.latest = from.latest; to.revision = from.revision; \
  to.published = from.published; to.first = from.first; COPY_EPOCH(to, from)
#ifdef EPOCH_COMPARED
#define COPY_EPOCH(to, from) to.epoch = from.epoch;
#else
#define COPY_EPOCH(to, from)
#endif
