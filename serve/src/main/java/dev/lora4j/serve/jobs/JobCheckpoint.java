package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/**
 * A checkpoint of a job: the adapter after an epoch.
 *
 * @param json OpenAI's checkpoint object, without the names of job and model
 * @param adapter its directory
 */
record JobCheckpoint(long step, ObjectNode json, Path adapter) {}
