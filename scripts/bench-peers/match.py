#!/usr/bin/env python3
"""Solves an instance that `gigdesk-bench match --dump FILE` wrote, with another solver.

    match.py scipy|ortools FILE

scipy: `min_weight_full_bipartite_matching` on a sparse matrix whose columns are the agents' single
units and, for each ticket, one dummy: the ticket stays unserved. OR-tools: `SimpleMinCostFlow` with
agents as nodes of their capacity. Prints one line of JSON: the total, processor seconds of the
solve alone and of building the solver's model, and the peak of the process's memory.
"""

import json
import resource
import sys
import time

import numpy as np


def load(path):
    """The capacities, and the edges as arrays of tickets, agents and scores."""
    with open(path, "rb") as file:
        tickets, agents = np.fromfile(file, "<u4", 2).tolist()
        edges = int(np.fromfile(file, "<u8", 1)[0])
        capacity = np.fromfile(file, "<u4", agents).astype(np.int64)
        first = np.fromfile(file, "<u8", tickets + 1).astype(np.int64)
        agent = np.fromfile(file, "<u4", edges).astype(np.int32)
        score = np.fromfile(file, "<i4", edges)
    ticket = np.repeat(np.arange(tickets, dtype=np.int32), np.diff(first))
    useful = score > 0
    return tickets, capacity, ticket[useful], agent[useful], score[useful]


def scipy(tickets, capacity, ticket, agent, score):
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    started = time.process_time()
    slot = np.concatenate([[0], np.cumsum(capacity)])
    copies = capacity[agent]
    # Each edge once for every unit of its agent.
    offset = np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
    rows = np.repeat(ticket, copies)
    columns = (np.repeat(slot[agent], copies) + offset).astype(np.int32)
    ceiling = int(score.max()) + 1
    weights = ceiling - np.repeat(score, copies)
    dummies = np.arange(tickets, dtype=np.int32)
    matrix = csr_matrix(
        (
            np.concatenate([weights, np.full(tickets, ceiling)]).astype(np.float64),
            (np.concatenate([rows, dummies]), np.concatenate([columns, slot[-1] + dummies])),
        ),
        shape=(tickets, int(slot[-1]) + tickets),
    )
    del rows, columns, weights, offset, copies
    built = time.process_time()
    row, column = min_weight_full_bipartite_matching(matrix)
    solved = time.process_time()
    cost = int(round(matrix[row, column].sum()))
    served = int((column < slot[-1]).sum())
    return ceiling * tickets - cost, served, built - started, solved - built


def ortools(tickets, capacity, ticket, agent, score):
    from ortools.graph.python import min_cost_flow

    started = time.process_time()
    flow = min_cost_flow.SimpleMinCostFlow()
    agents = len(capacity)
    sink = tickets + agents
    pairs = flow.add_arcs_with_capacity_and_unit_cost(
        ticket, agent + np.int32(tickets), np.ones(len(ticket), np.int64), -score.astype(np.int64)
    )
    flow.add_arcs_with_capacity_and_unit_cost(
        np.arange(tickets, sink, dtype=np.int32),
        np.full(agents, sink, np.int32),
        capacity,
        np.zeros(agents, np.int64),
    )
    flow.add_arcs_with_capacity_and_unit_cost(
        np.arange(tickets, dtype=np.int32),
        np.full(tickets, sink, np.int32),
        np.ones(tickets, np.int64),
        np.zeros(tickets, np.int64),
    )
    flow.set_nodes_supplies(np.arange(tickets, dtype=np.int32), np.ones(tickets, np.int64))
    flow.set_node_supply(sink, -tickets)
    built = time.process_time()
    status = flow.solve()
    solved = time.process_time()
    if status != flow.OPTIMAL:
        raise SystemExit(f"OR-tools found no optimum: status {status}")
    served = int(flow.flows(pairs).sum())
    return -flow.optimal_cost(), served, built - started, solved - built


def main():
    solver, path = sys.argv[1:]
    total, served, build, solve = {"scipy": scipy, "ortools": ortools}[solver](*load(path))
    print(
        json.dumps(
            {
                "solver": solver,
                "total": int(total),
                "served": served,
                "build_microseconds": round(build * 1e6),
                "solve_microseconds": round(solve * 1e6),
                "peak_kilobytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            }
        )
    )


if __name__ == "__main__":
    main()
