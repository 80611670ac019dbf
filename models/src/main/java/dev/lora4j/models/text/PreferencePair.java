package dev.lora4j.models.text;

/**
 * Two answers to the same, as a model reads them.
 *
 * @param chosen the one that is to become likelier
 * @param rejected the other
 */
public record PreferencePair(Example chosen, Example rejected) {}
