/**
 * Training in several processes: a <i>process group</i> divides the workers of a run among
 * processes and adds up their gradients. The library's own group is the single process; modules
 * that start processes bring others.
 */
@NullMarked
package dev.lora4j.train.group;

import org.jspecify.annotations.NullMarked;
