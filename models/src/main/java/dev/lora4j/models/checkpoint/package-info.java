/**
 * Directories of models as Hugging Face lays them out: {@code config.json} and safetensors, or
 * {@code pytorch_model.bin}, in one file or in shards. {@link
 * dev.lora4j.models.checkpoint.Pretrained} is the way in and out. {@link
 * dev.lora4j.models.checkpoint.WeightsOnly} is the network of any saved model, without the class
 * that computes with it, to be planned, merged and checked against an adapter. What enters is a way
 * of laying a model out on the disk, or works from names and shapes alone.
 */
@NullMarked
package dev.lora4j.models.checkpoint;

import org.jspecify.annotations.NullMarked;
