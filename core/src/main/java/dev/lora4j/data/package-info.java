/**
 * Datasets: finite sets of examples in memory or on disk, and the formats that rows are read from.
 */
@NullMarked
package dev.lora4j.data;

import org.jspecify.annotations.NullMarked;
