"""Contracts and batches of lists."""

import dataclasses

from impression_log import SCHEMA

from schemas.contract import Contract, parse_schema, read_contract


def contract_of(lists: str) -> Contract:
    """Returns the contract of these features alone; they may name those of `SCHEMA`."""
    contract = read_contract(parse_schema(SCHEMA + lists))
    others = len(read_contract(parse_schema(SCHEMA)).columns)
    return dataclasses.replace(contract, columns=contract.columns[others:])
