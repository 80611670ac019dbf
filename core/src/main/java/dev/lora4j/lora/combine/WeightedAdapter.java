package dev.lora4j.lora.combine;

import dev.lora4j.lora.format.StoredAdapter;

/**
 * An adapter to be combined with others.
 *
 * @param name the name in errors: letters, digits, - and _
 * @param adapter the adapter, without a base
 * @param weight the weight in the combination; a negative one subtracts
 */
public record WeightedAdapter(String name, StoredAdapter adapter, double weight) {}
