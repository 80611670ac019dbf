/**
 * Checkpoints by name: what stands behind {@code org/name} on a Hugging Face Hub, as a directory on
 * this machine. It speaks the Hub's protocol, and keeps what it fetches where Python's tools look
 * for it and in the form that they expect. What enters is about fetching and keeping files; nothing
 * here reads a weight.
 */
@NullMarked
package dev.lora4j.models.hub;

import org.jspecify.annotations.NullMarked;
