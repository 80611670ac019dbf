/**
 * TorchScript files as modules: a network that somebody else wrote and trained, without its source.
 * What enters here is about reading, running and writing such files; an adapter finds in the tree
 * the layers that it knows.
 */
@NullMarked
package dev.lora4j.models.script;

import org.jspecify.annotations.NullMarked;
