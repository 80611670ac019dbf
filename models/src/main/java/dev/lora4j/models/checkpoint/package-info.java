/**
 * Directories of models as Hugging Face lays them out: {@code config.json} and safetensors, in one
 * file or in shards. {@link dev.lora4j.models.checkpoint.Pretrained} is the way in and out. What
 * enters is a way of laying a model out on the disk.
 */
@NullMarked
package dev.lora4j.models.checkpoint;

import org.jspecify.annotations.NullMarked;
