"""Lets containers reach sluice local, which listens on loopback only.

    python3 .ci/bridge.py 172.17.0.1 4570

On Linux host-gateway is the address of Docker's bridge, which this listens on. Docker
Desktop leads host-gateway to the loopback itself, and there is no such address here.
"""

import asyncio
import sys


async def pour(source, sink):
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()


async def main(address, port):
    async def join(reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pour(reader, far_writer), pour(far_reader, writer), return_exceptions=True)

    try:
        server = await asyncio.start_server(join, address, port)
    except OSError as refused:
        print(f"no bridge at {address}: {refused}", file=sys.stderr)
        return
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
