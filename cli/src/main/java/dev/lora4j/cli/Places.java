package dev.lora4j.cli;

import java.nio.file.Path;

/**
 * Where a training takes place.
 *
 * @param model what the user called the model
 * @param data where the examples are
 * @param out where the adapter goes
 * @param device where to compute
 */
record Places(String model, Path data, Path out, String device) {}
