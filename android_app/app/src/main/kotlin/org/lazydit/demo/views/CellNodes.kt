package org.lazydit.demo.views

import android.graphics.Rect
import android.os.Bundle
import android.view.MotionEvent
import android.view.View
import android.view.accessibility.AccessibilityEvent
import android.view.accessibility.AccessibilityManager
import android.view.accessibility.AccessibilityNodeInfo
import android.view.accessibility.AccessibilityNodeInfo.AccessibilityAction
import android.view.accessibility.AccessibilityNodeProvider
import org.lazydit.demo.R

/** Presents a map's cells to TalkBack as a table: a virtual view per cell, a row per module, a column per step. */
internal class CellNodes(
    private val map: DecisionMapView,
) : AccessibilityNodeProvider() {
    private var focused: Cell? = null
    private var hovered: Cell? = null

    // The constructors that replace obtain came with Android 11.
    @Suppress("DEPRECATION")
    override fun createAccessibilityNodeInfo(virtualViewId: Int): AccessibilityNodeInfo? {
        val geometry = map.geometry
        if (virtualViewId == HOST_VIEW_ID) {
            val node = AccessibilityNodeInfo.obtain(map)
            map.onInitializeAccessibilityNodeInfo(node)
            if (geometry != null) describeTable(node, geometry)
            return node
        }
        if (geometry == null || virtualViewId !in 0 until geometry.steps * geometry.modules) return null
        val node = AccessibilityNodeInfo.obtain(map, virtualViewId)
        describeCell(node, cellOf(virtualViewId, geometry), geometry)
        return node
    }

    private fun describeTable(
        node: AccessibilityNodeInfo,
        geometry: MapGeometry,
    ) {
        node.contentDescription = map.resources.getString(R.string.map_description, geometry.steps, geometry.modules)
        node.collectionInfo = collection(geometry)
        for (id in 0 until geometry.steps * geometry.modules) node.addChild(map, id)
    }

    @Suppress("DEPRECATION")
    private fun collection(geometry: MapGeometry) =
        AccessibilityNodeInfo.CollectionInfo.obtain(geometry.modules, geometry.steps, false)

    @Suppress("DEPRECATION")
    private fun describeCell(
        node: AccessibilityNodeInfo,
        cell: Cell,
        geometry: MapGeometry,
    ) {
        node.packageName = map.context.packageName
        node.className = View::class.java.name
        node.contentDescription = map.trace?.let { CellText.of(map.resources, it, cell) }
        node.setParent(map)
        node.isEnabled = true
        node.isClickable = true
        node.isFocusable = true
        node.isVisibleToUser = map.isShown
        node.isSelected = map.selected == cell
        node.isAccessibilityFocused = focused == cell
        node.addAction(AccessibilityAction.ACTION_CLICK)
        node.addAction(
            if (focused == cell) {
                AccessibilityAction.ACTION_CLEAR_ACCESSIBILITY_FOCUS
            } else {
                AccessibilityAction.ACTION_ACCESSIBILITY_FOCUS
            },
        )
        node.collectionItemInfo =
            AccessibilityNodeInfo.CollectionItemInfo.obtain(cell.module, 1, cell.step, 1, false, map.selected == cell)
        node.setBoundsInScreen(boundsInScreen(geometry.bounds(cell)))
    }

    private fun boundsInScreen(box: Box): Rect {
        val origin = IntArray(2).also(map::getLocationOnScreen)
        return Rect(box.left.toInt(), box.top.toInt(), box.right.toInt(), box.bottom.toInt())
            .apply { offset(origin[0], origin[1]) }
    }

    override fun performAction(
        virtualViewId: Int,
        action: Int,
        arguments: Bundle?,
    ): Boolean {
        val geometry = map.geometry
        if (virtualViewId == HOST_VIEW_ID || geometry == null) return map.performAccessibilityAction(action, arguments)
        val cell = cellOf(virtualViewId, geometry)
        when (action) {
            AccessibilityNodeInfo.ACTION_CLICK -> {
                map.select(cell)
                announce(cell, AccessibilityEvent.TYPE_VIEW_CLICKED)
            }
            AccessibilityNodeInfo.ACTION_ACCESSIBILITY_FOCUS -> {
                focused = cell
                map.invalidate()
                announce(cell, AccessibilityEvent.TYPE_VIEW_ACCESSIBILITY_FOCUSED)
            }
            AccessibilityNodeInfo.ACTION_CLEAR_ACCESSIBILITY_FOCUS -> {
                focused = null
                map.invalidate()
                announce(cell, AccessibilityEvent.TYPE_VIEW_ACCESSIBILITY_FOCUS_CLEARED)
            }
            else -> return false
        }
        return true
    }

    /** Tells TalkBack which cell a finger explores; false where there is none. */
    fun hover(
        event: MotionEvent,
        cell: Cell?,
    ): Boolean {
        val now = cell.takeUnless { event.action == MotionEvent.ACTION_HOVER_EXIT }
        val before = hovered
        if (now != before) {
            hovered = now
            now?.let { announce(it, AccessibilityEvent.TYPE_VIEW_HOVER_ENTER) }
            before?.let { announce(it, AccessibilityEvent.TYPE_VIEW_HOVER_EXIT) }
        }
        return now != null || before != null
    }

    @Suppress("DEPRECATION")
    private fun announce(
        cell: Cell,
        type: Int,
    ) {
        val geometry = map.geometry ?: return
        if (map.context.getSystemService(AccessibilityManager::class.java)?.isEnabled != true) return
        val event = AccessibilityEvent.obtain(type)
        event.packageName = map.context.packageName
        event.className = View::class.java.name
        event.contentDescription = map.trace?.let { CellText.of(map.resources, it, cell) }
        event.setSource(map, cell.module * geometry.steps + cell.step)
        map.parent?.requestSendAccessibilityEvent(map, event)
    }

    private fun cellOf(
        id: Int,
        geometry: MapGeometry,
    ) = Cell(id % geometry.steps, id / geometry.steps)
}
