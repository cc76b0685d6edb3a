"""Places on trunks: what a model with plain counting says, and no more than the limit in a burst."""

import threading

from hypothesis import given
from hypothesis import strategies as st
from jackfield.calls.lines import IN, OUT, Lines

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "leave", "release"]),
        st.sampled_from("ab"),
        st.sampled_from("123"),
        st.integers(0, 3),
        st.sampled_from([IN, OUT]),
    )
)


@given(STEPS)
def test_as_a_plain_count(steps: list[tuple[str, str, str, int, str]]) -> None:
    lines, held = Lines(), set()
    for what, trunk, call, limit, leg in steps:
        mine = (trunk, call, leg)
        if what == "take":
            free = not limit or sum(t == trunk for t, _, _ in held) < limit
            assert lines.take(trunk, call, limit, leg) is (mine in held or free)
            held |= {mine} if free else set()
        elif what == "leave":
            lines.leave(trunk, call, leg)
            held.discard(mine)
        else:
            lines.release(call)
            held = {h for h in held if h[1] != call}
        assert all(lines.held(t) == sum(x == t for x, _, _ in held) for t in "ab")


def test_a_burst() -> None:
    lines, start, got = Lines(), threading.Barrier(40), []

    def call(number: int) -> None:
        start.wait()
        if lines.take("t", str(number), 7):
            got.append(number)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == lines.held("t") == 7
