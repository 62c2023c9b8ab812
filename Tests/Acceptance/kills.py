"""The yard is killed at random moments while it is asked for things."""
import os
import random
import threading

from botocore.exceptions import BotoCoreError, ClientError


def under_kills(yard, service, begin, *, rounds, lanes, alive, pause, most=None):
    """Calls `begin(client, round, lane, number)` again and again in each of `lanes` threads, `most` times at the most and
    `pause` seconds apart; kills the yard after a number of seconds between the two of `alive`; starts it again.

    Answers what the calls answered that were acknowledged. TRAINYARD_SEED repeats a run.
    """
    seed = int(os.environ.get("TRAINYARD_SEED") or random.randrange(1 << 30))
    print("seed", seed)
    chance, begun = random.Random(seed), []
    for round in range(rounds):
        halt = threading.Event()

        def work(lane):
            client, number = yard.client(service), 0
            while not halt.is_set() and (most is None or number < most):
                try:
                    begun.append(begin(client, round, lane, number))
                except (BotoCoreError, ClientError):
                    return
                number += 1
                halt.wait(pause)

        threads = [threading.Thread(target=work, args=(lane,)) for lane in range(lanes)]
        for thread in threads:
            thread.start()
        halt.wait(chance.uniform(*alive))
        yard.kill()
        halt.set()
        for thread in threads:
            thread.join()
        yard.start()
    return begun
