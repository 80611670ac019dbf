/**
 * How parameters learn: the trainer, the threads that share a step, optimizers, metrics, and
 * listeners that watch. It trains whatever is trainable in a module and knows nothing of which
 * method made it so; what enters here changes how a step is computed or told about.
 */
@NullMarked
package dev.lora4j.train;

import org.jspecify.annotations.NullMarked;
