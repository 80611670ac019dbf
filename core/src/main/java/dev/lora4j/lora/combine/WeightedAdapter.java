package dev.lora4j.lora.combine;

import dev.lora4j.lora.format.StoredAdapter;

/**
 * An adapter that is to be combined with others.
 *
 * @param name what errors call it; letters, digits, - and _
 * @param adapter the adapter, without a base
 * @param weight how much it counts; negative takes its effect away
 */
public record WeightedAdapter(String name, StoredAdapter adapter, double weight) {}
