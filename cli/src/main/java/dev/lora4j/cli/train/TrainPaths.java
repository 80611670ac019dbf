package dev.lora4j.cli.train;

import java.nio.file.Path;

/**
 * The inputs and outputs of a training run.
 *
 * @param model the model as given by the user
 * @param data the training data
 * @param out output directory of the adapter
 * @param device device name
 */
public record TrainPaths(String model, Path data, Path out, String device) {}
