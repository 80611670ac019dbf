package dev.lora4j.lora.combine;

import dev.lora4j.lora.format.StoredAdapter;

/** An adapter to be combined with others under this name; a negative weight subtracts. */
public record WeightedAdapter(String name, StoredAdapter adapter, double weight) {}
