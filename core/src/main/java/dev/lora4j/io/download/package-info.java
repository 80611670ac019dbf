/** Resumable downloads: checked, bounded, and complete or absent. */
@NullMarked
package dev.lora4j.io.download;

import org.jspecify.annotations.NullMarked;
