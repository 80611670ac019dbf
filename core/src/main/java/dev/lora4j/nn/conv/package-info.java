/**
 * Convolutions and pooling over one, two and three axes.
 *
 * <p>A <i>kernel</i> of {@code [out, in / groups, size…]} slides over the axes after the channels;
 * {@link dev.lora4j.nn.conv.ConvOptions} holds stride, padding, dilation and groups.
 *
 * <pre>{@code
 * Module net = new Sequential(new Conv2d(3, 16, 5), Activation.relu(), new MaxPool2d(2));
 * Tensor y = net.forward(images); // [batch, 3, 32, 32] → [batch, 16, 14, 14]
 * }</pre>
 */
@NullMarked
package dev.lora4j.nn.conv;

import org.jspecify.annotations.NullMarked;
