/**
 * Saved models of any network: safetensors files and Hugging Face directories, read tensor by
 * tensor, and as trees of layers that can be planned, merged and checked against an adapter without
 * the class that computes with them. What enters works from names and shapes alone.
 */
@NullMarked
package dev.lora4j.models.checkpoint;

import org.jspecify.annotations.NullMarked;
