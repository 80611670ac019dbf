/**
 * Where examples come from. A {@link dev.lora4j.data.Dataset} hands out batches by index, a source
 * such as CIFAR-10 or a folder of images makes one. A new source of data is one new class here; it
 * knows files and tensors, and nothing of networks or training.
 */
@NullMarked
package dev.lora4j.data;

import org.jspecify.annotations.NullMarked;
