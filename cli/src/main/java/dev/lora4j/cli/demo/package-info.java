/** The demo: a small network, adapted, fine-tuned, saved and merged. */
@NullMarked
package dev.lora4j.cli.demo;

import org.jspecify.annotations.NullMarked;
