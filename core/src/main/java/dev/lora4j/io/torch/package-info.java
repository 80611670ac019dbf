/**
 * Tensors in the files of {@code torch.save}: a zip archive with one entry for each storage, and a
 * pickle that says which tensor lies where. The pickle is read as a list of orders, of which only
 * the few that describe tensors are known here; all others are refused by name, and nothing that a
 * file names is ever run.
 */
@NullMarked
package dev.lora4j.io.torch;

import org.jspecify.annotations.NullMarked;
