package dev.lora4j.cli.train;

import java.nio.file.Path;

/** The model as given by the user, the training data, the output directory, and the device. */
public record TrainPaths(String model, Path data, Path out, String device) {}
