"""Connections that Asterisk gave up before a new daemon came to them."""

import socket
import threading

from jackfield.telephony.server import AgiServer

ENVIRONMENT = b"agi_network: yes\nagi_uniqueid: 1.1\nagi_channel: PJSIP/carrier-1\nagi_arg_1: token\n\n"


def test_they_cost_no_thread_and_no_word():
    """200 callers came back three times while no daemon was there: of 600 connections, the living 200 are served."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    served, done = [], threading.Semaphore(0)

    def serve(session):
        served.append(session.env["agi_uniqueid"])
        done.release()

    server = AgiServer(listener, serve, lambda session: None, 1000)
    alive = []
    for attempt in range(3):
        for _ in range(200):
            peer = socket.create_connection(listener.getsockname())
            peer.sendall(ENVIRONMENT)
            if attempt < 2:
                peer.sendall(b"HANGUP\n")
                peer.close()
            else:
                alive.append(peer)
    try:
        server.start()
        for _ in alive:
            assert done.acquire(timeout=20)
        assert (len(served), server.given_up) == (200, 400)
    finally:
        server.stop()
        for peer in alive:
            peer.close()
        socket.create_connection(listener.getsockname()).close()
        listener.close()
