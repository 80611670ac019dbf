/** Output for people and, with {@code --json}, for machines. */
@NullMarked
package dev.lora4j.cli.show;

import org.jspecify.annotations.NullMarked;
