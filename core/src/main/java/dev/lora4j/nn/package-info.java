/**
 * Networks as trees of modules. A {@link dev.lora4j.nn.Module} has named children and parameters, a
 * forward, and places whose occupant can be replaced; the layers have PyTorch's names, defaults and
 * initialisation, so that one state dict gives one output in both. Nothing here knows of adapters
 * or of training: what enters is a layer, or what every layer needs.
 */
@NullMarked
package dev.lora4j.nn;

import org.jspecify.annotations.NullMarked;
