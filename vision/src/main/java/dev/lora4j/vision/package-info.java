/**
 * Image and tensor data sets.
 *
 * <p>A {@linkplain dev.lora4j.data.Dataset data set} is a finite set of examples with random
 * access: {@code gather(indices)} returns a {@linkplain dev.lora4j.data.Batch mini-batch} of inputs
 * and targets. An {@linkplain dev.lora4j.vision.ImageSource image source} (CIFAR-10, a folder of
 * images, synthetic shapes) reads files and returns {@linkplain dev.lora4j.vision.ImageSplits
 * splits}: one data set for training and one for testing, with the same classes.
 *
 * <pre>{@code
 * try (ImageSplits splits = ImageFolder.at(Path.of("pictures")).load(4)) {
 *   Dataset birds = splits.train().only(List.of("bird", "cat"));
 *   Batch batch = birds.gather(indices); // inputs [batch, C, H, W], normalised
 * }
 * }</pre>
 *
 * <p>A new data source is one new class in this package. This package handles files and tensors; it
 * does not depend on networks or training.
 */
@NullMarked
package dev.lora4j.vision;

import org.jspecify.annotations.NullMarked;
